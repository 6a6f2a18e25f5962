import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';

interface Message {
  readonly type: string;
  readonly samples?: readonly { readonly device: string; readonly point: string; readonly value: unknown }[];
  readonly code?: string;
}

/** A browser's way in: no headers, the token as a subprotocol. Collects messages; `until` waits for one. */
function watch(hub: TestHub, query: string, token: string) {
  const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream${query}`, ['muster.v1', `bearer.${token}`]);
  const messages: Message[] = [];
  let wake: () => void = () => undefined;
  socket.on('message', (text) => {
    messages.push(JSON.parse(String(text)) as Message);
    wake();
  });
  const until = async (accepts: (message: Message) => boolean): Promise<Message> => {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const found = messages.find(accepts);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`it did not come; what came: ${JSON.stringify(messages)}`);
      await new Promise<void>((done) => {
        wake = done;
        setTimeout(done, 100);
      });
    }
  };
  return { socket, messages, until };
}

describe('the live stream', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
    for (const id of ['a', 'b']) await apiOf(hub.url, hub.token)('POST', '/devices', { id, labels: { site: id } });
  });
  afterAll(async () => {
    await hub.stop();
  });

  it('gives a browser the samples it asked for, after they are stored', async () => {
    const { socket, until, messages } = watch(hub, '?label=site=a&point=t*', hub.token);
    await until(({ type }) => type === 'hello');
    expect(socket.protocol).toBe('muster.v1');
    const api = apiOf(hub.url, hub.token);
    await api('POST', '/devices/b/report', { t1: 1 });
    await api('POST', '/devices/a/report', { other: 1 });
    await api('POST', '/devices/a/report', { t1: 2 });
    const { samples } = await until(({ type }) => type === 'samples');
    expect(samples).toMatchObject([{ device: 'a', point: 't1', value: 2 }]);
    expect(messages.filter(({ type }) => type === 'samples')).toHaveLength(1);
    socket.close();
  });

  it('refuses a wrong token with 401 and an unknown device with a reason', async () => {
    const { socket } = watch(hub, '', 'mst_0_wrong');
    const status = await new Promise((done) => socket.once('unexpected-response', (_request, response) => done(response.statusCode)));
    expect(status).toBe(401);
    const unknown = watch(hub, '?device=nobody', hub.token);
    expect(await unknown.until(({ type }) => type === 'bye')).toMatchObject({ code: 'not_found' });
  });
});
