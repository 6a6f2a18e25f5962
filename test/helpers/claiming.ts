import mqtt from 'mqtt';
import { onTestFinished } from 'vitest';
import type { Settings } from '../../src/lib/config/settings.ts';
import type { Hub } from '../../src/lib/server/hub.ts';
import { apiOf } from './api.ts';
import { hubHere } from './hub-here.ts';

/** A hub where devices claim themselves, and what tests do to it. */
export interface ClaimingHub {
  readonly hub: Hub;
  readonly api: ReturnType<typeof apiOf>;
  /** Makes a claim and gives its token. */
  claim(id: string, more?: object): Promise<string>;
  /** Asks over HTTP, as a device would. */
  ask(token: string, request: object): ReturnType<ReturnType<typeof apiOf>>;
  /** Asks over MQTT; gives the answer. */
  askOverMqtt(token: string, request: object | string, options?: mqtt.IClientOptions): Promise<Record<string, unknown>>;
  /** Whether the token lets its device in. */
  isLetIn(token: string): Promise<boolean>;
  events(kind: string): Promise<{ readonly device: string | null; readonly text: string; readonly details: Record<string, unknown> }[]>;
}

export async function claimingHub(settings: Partial<Settings> = {}, options: Parameters<typeof hubHere>[1] = {}): Promise<ClaimingHub> {
  const hub = await hubHere({ ephemeral: true, 'mqtt.port': 0, ...settings }, options);
  const api = apiOf(hub.url, hub.token);
  return {
    hub,
    api,
    async claim(id, more = {}) {
      const { status, body } = await api('POST', '/claims', { id, ...more });
      if (status !== 201) throw new Error(`the claim was not made: ${JSON.stringify(body)}`);
      return body.token as string;
    },
    ask: (token, request) => apiOf(hub.url, token)('POST', '/claim', request),
    async askOverMqtt(token, request, more = {}) {
      const client = await mqtt.connectAsync(hub.mqttUrl ?? '', { username: 'claim', password: token, reconnectPeriod: 0, ...more });
      onTestFinished(() => void client.end(true));
      await client.subscribeAsync('claim/response', { qos: 1 });
      const answer = new Promise<string>((done, failed) => {
        client.once('message', (_, payload) => done(payload.toString()));
        client.once('close', () => failed(new Error('the connection was cut')));
      });
      await client.publishAsync('claim/request', typeof request === 'string' ? request : JSON.stringify(request), { qos: 1 });
      const text = await answer;
      await client.endAsync(true);
      return JSON.parse(text) as Record<string, unknown>;
    },
    isLetIn: async (token) => (await apiOf(hub.url, token)('GET', '/whoami')).status === 200,
    async events(kind) {
      return (await api('GET', `/events?kind=${kind}&limit=1000`)).body.items;
    },
  };
}
