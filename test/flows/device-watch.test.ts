import { expect, test } from 'vitest';
import { pause } from '../../src/lib/cli/pause.ts';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { type DeviceRound, watchDevices } from '../../src/lib/reading/live/watch-devices.ts';
import { startHub } from '../helpers/hub.ts';
import { waitUntil } from '../helpers/wait-until.ts';

test('a list that is watched says what enters it, changes in it and leaves it, also when the hub was away meanwhile', { timeout: 120_000 }, async () => {
  const hub = await startHub(['--http', '0']);
  let client = createHubClient({ url: hub.url, token: hub.token });
  const report = (id: string, battery: number) => client.request('POST', `/devices/${id}/report`, { body: { battery } });
  for (const id of ['a', 'b', 'c']) await client.devices.create({ id });
  await report('a', 10);
  await report('b', 15);
  const ending = new AbortController();
  const rounds: DeviceRound[] = [];
  const said: string[] = [];
  const watching = (async () => {
    const options = {
      signal: ending.signal,
      connect: (signal: AbortSignal) => client.devices.live({ where: 'battery < 20', sort: '-battery' }, signal),
      pause,
      now: Date.now,
    };
    for await (const round of watchDevices(options)) {
      if (round.type === 'notice') said.push(round.text);
      else rounds.push(round);
    }
  })();
  const changes = () => rounds.flatMap((round) => round.changes.map(({ change, device }) => `${device.id} ${change}`));
  const list = () => rounds.at(-1)?.devices.map(({ id }) => id);
  await waitUntil(() => rounds.length === 1, 'the list as it is at first', 20_000);
  expect([changes(), list()]).toEqual([
    ['b enters', 'a enters'],
    ['b', 'a'],
  ]);
  await report('c', 12);
  await waitUntil(() => changes().includes('c enters'), 'the device that fits now', 20_000);
  expect(list()).toEqual(['b', 'c', 'a']);
  await report('b', 90);
  await client.devices.update('a', { name: 'Anna' });
  await waitUntil(() => changes().includes('b leaves') && changes().includes('a changes'), 'the one that leaves and the one that changes', 20_000);
  const before = changes().length;
  await hub.stop('SIGTERM');
  await waitUntil(() => said.length === 1, 'the word that the connection is lost', 20_000);
  const again = await hub.restart();
  client.close();
  client = createHubClient({ url: again.url, token: again.token });
  await client.devices.delete('c');
  await waitUntil(() => changes().includes('c leaves'), 'what happened while nobody watched', 20_000);
  expect(changes().slice(before)).toEqual(['c leaves']);
  expect(said).toHaveLength(2);
  ending.abort();
  await watching;
  client.close();
});

test.each([{ where: 'battery <' }, { sort: 'labels' }, { selector: '=' }])('a list that cannot be looked for ends with the reason: %j', async (query) => {
  const hub = await startHub();
  const client = createHubClient({ url: hub.url, token: hub.token });
  const messages = async () => {
    for await (const message of client.devices.live(query, AbortSignal.timeout(20_000))) if (message.type === 'bye') return message;
    return null;
  };
  expect(await messages()).toMatchObject({ code: 'invalid' });
  client.close();
});
