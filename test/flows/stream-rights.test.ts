import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

describe('the live stream and rights that end', () => {
  const watching = async (hub: TestHub, token: string) => {
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream`, { headers: { authorization: `Bearer ${token}` } });
    onTestFinished(() => void socket.terminate());
    const messages: { type: string; code?: string }[] = [];
    socket.on('message', (text) => messages.push(JSON.parse(String(text))));
    const closed = new Promise<number>((done) => socket.once('close', done));
    await waitUntil(() => messages.some(({ type }) => type === 'hello'), 'hello');
    return { messages, closed };
  };

  it('ends with the token, the user or the device that subscribed, and goes on for the others', async () => {
    const hub = await startHub();
    const api = apiOf(hub.url, hub.token);
    const { id, token } = (await api('POST', '/tokens', { name: 'eyes', role: 'viewer' })).body;
    await api('POST', '/users', { name: 'ann', role: 'viewer', password: 'correct horse battery' });
    const login = (await apiOf(hub.url, null)('POST', '/sessions', { user: 'ann', password: 'correct horse battery' })).body.token;
    const device = (await api('POST', '/devices', { id: 'watching', credential: 'token' })).body.credential.secret;
    const streams = [await watching(hub, token), await watching(hub, login), await watching(hub, device)];
    const other = await watching(hub, hub.token);
    await api('DELETE', `/tokens/${id}`);
    await api('PATCH', '/users/ann', { disabled: true });
    await api('PATCH', '/devices/watching', { state: 'disabled' });
    for (const { closed, messages } of streams) {
      expect(await closed).toBe(1008);
      expect(messages.at(-1)).toMatchObject({ type: 'bye', code: 'not_logged_in' });
    }
    await api('POST', '/devices', { id: 'seen' });
    await api('POST', '/devices/seen/report', { a: 1 });
    await waitUntil(() => other.messages.some(({ type }) => type === 'samples'), 'the other stream goes on');
  });

  it('gives a gateway its own samples and those of the devices behind it, and nothing else', async () => {
    const hub = await startHub();
    const api = apiOf(hub.url, hub.token);
    const gateway = (await api('POST', '/devices', { id: 'gw', kind: 'gateway', credential: 'token' })).body.credential.secret;
    await api('POST', '/devices', { id: 'behind', parent: 'gw' });
    await api('POST', '/devices', { id: 'stranger' });
    const { messages } = await watching(hub, gateway);
    for (const id of ['stranger', 'behind', 'gw']) await api('POST', `/devices/${id}/report`, { a: 1 });
    const seen = () => messages.flatMap((message) => (message as { samples?: { device: string }[] }).samples ?? []).map(({ device }) => device);
    await waitUntil(() => seen().includes('gw'), 'its own sample');
    expect(seen()).toEqual(['behind', 'gw']);
    const refused = new WebSocket(`${hub.url.replace('http', 'ws')}/api/v1/stream?device=stranger`, { headers: { authorization: `Bearer ${gateway}` } });
    onTestFinished(() => void refused.terminate());
    expect(JSON.parse(await new Promise((done) => refused.once('message', (text) => done(String(text)))))).toMatchObject({ type: 'bye', code: 'not_allowed' });
  });
});
