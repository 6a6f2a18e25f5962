import { MusterError } from '../errors/muster-error.ts';

const SCHEMES = new Set(['mqtt:', 'mqtts:', 'ws:', 'wss:', 'tcp:', 'ssl:']);
const DEFAULT_PORT = 1883;

export interface MqttUrlSources {
  /** --mqtt */
  readonly flag: string | undefined;
  /** MUSTER_MQTT_URL */
  readonly environment: string | undefined;
  /** What the hub says of itself; null: it takes no MQTT. */
  readonly announced: string | null | undefined;
  /** http(s) URL of the hub */
  readonly hubUrl: string;
}

/** Where the hub takes MQTT: flag, environment, what the hub announces, or port 1883 of the hub's host. */
export function chooseMqttUrl({ flag, environment, announced, hubUrl }: MqttUrlSources): string {
  if (flag !== undefined) return checked(flag, '--mqtt');
  if (environment !== undefined && environment !== '') return checked(environment, 'MUSTER_MQTT_URL');
  const { hostname } = new URL(hubUrl);
  if (announced === null)
    throw new MusterError('unreachable', 'The hub takes no MQTT.', { hint: 'Start it with --mqtt PORT, or name a broker in front of it with --mqtt.' });
  if (announced !== undefined) return reachable(announced, hostname);
  return `mqtt://${hostname}:${DEFAULT_PORT}`;
}

/** A hub that listens on every address knows its port, not the name by which this machine reaches it. */
function reachable(announced: string, hubHost: string): string {
  const url = new URL(announced);
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') return `${url.protocol}//${hubHost}${url.port === '' ? '' : `:${url.port}`}${url.pathname}`;
  return announced;
}

function checked(text: string, source: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `mqtt://${text}`;
  let url: URL;
  try {
    url = new URL(withScheme);
  } catch (cause) {
    throw new MusterError('usage', `${source} ${text} is not a URL.`, { hint: 'Write it as mqtt://HOST:PORT.', cause });
  }
  if (!SCHEMES.has(url.protocol) || url.hostname === '') {
    throw new MusterError('usage', `${source} ${text} is not an MQTT address.`, { hint: 'Write it as mqtt://HOST:PORT, mqtts://, ws:// or wss://.' });
  }
  return withScheme;
}
