import { describe, expect, it } from 'vitest';
import { chooseMqttUrl } from '../../../src/lib/simulation/mqtt-url.ts';

const none = { flag: undefined, environment: undefined, announced: undefined, hubUrl: 'http://hub.example:8080' };

describe('the MQTT address', () => {
  it('is the flag, then the environment, then what the hub says, then port 1883 of the hub', () => {
    const all = { ...none, flag: 'mqtt://a:1', environment: 'mqtt://b:2', announced: 'mqtt://c:3' };
    expect(chooseMqttUrl(all)).toBe('mqtt://a:1');
    expect(chooseMqttUrl({ ...all, flag: undefined })).toBe('mqtt://b:2');
    expect(chooseMqttUrl({ ...all, flag: undefined, environment: undefined })).toBe('mqtt://c:3');
    expect(chooseMqttUrl(none)).toBe('mqtt://hub.example:1883');
  });

  it('takes a host and port without a scheme', () => {
    expect(chooseMqttUrl({ ...none, flag: 'broker:1884' })).toBe('mqtt://broker:1884');
  });

  it('goes to the host of the API when the hub listens on every address', () => {
    expect(chooseMqttUrl({ ...none, announced: 'mqtt://0.0.0.0:1999' })).toBe('mqtt://hub.example:1999');
    expect(chooseMqttUrl({ ...none, announced: 'mqtt://[::]:1999' })).toBe('mqtt://hub.example:1999');
  });

  it('says so when the hub takes no MQTT', () => {
    expect(() => chooseMqttUrl({ ...none, announced: null })).toThrow('takes no MQTT');
  });

  it.each(['http://hub:1', 'mqtt://', 'mqtt://h:99999'])('refuses %s', (flag) => {
    expect(() => chooseMqttUrl({ ...none, flag })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
