import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createHubClient } from '../../src/lib/client/hub-client.ts';
import { startHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

// What commands say to people who write rules and handle alarms, where it is more than a row of a list.

const WRONG = `id: hot
scope: { points: temperature, typ: boiler }
when: { bands: [{ level: major, high: 80 }] }
onDelay: soon
`;

test('commands say what is wrong, until when, and what there is not', async () => {
  const hub = await startHub();
  const client = createHubClient({ url: hub.url, token: hub.token });
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'wrong.yaml'), WRONG);
  writeFileSync(join(folder, 'two.yaml'), `${WRONG}---\nid: other\nscope: { points: x }\nwhen: { bands: [{ level: major, high: 1 }] }\n`);
  const muster = (...args: readonly string[]) =>
    runMuster(args, { env: { ...process.env, MUSTER_URL: hub.url, MUSTER_TOKEN: hub.token, XDG_CONFIG_HOME: folder }, cwd: folder });
  try {
    const places = ['wrong.yaml:2: scope.typ: is not known here; is `type` meant?', 'wrong.yaml:4: onDelay: is no duration'];
    for (const command of [
      ['create', '--file', 'wrong.yaml'],
      ['test', 'wrong.yaml', '85'],
      ['backtest', 'wrong.yaml', '--from', '-1d'],
    ]) {
      const { code, stderr } = await muster('rule', ...command);
      expect(stderr.split('\n').slice(0, 3), stderr).toEqual([
        expect.stringContaining(places[0] ?? ''),
        expect.stringContaining(places[1] ?? ''),
        'Error: The rule is wrong in 2 places.',
      ]);
      expect(code).toBe(2);
    }
    const two = await muster('rule', 'create', '--file', 'two.yaml');
    expect(two.stdout).toMatch(/hot +failed +invalid +wrong in 2 places\nother +created/);
    expect(two.stderr).toContain('two.yaml:4: onDelay: ');
    expect(two.code).toBe(7);
    const json = await muster('rule', 'create', '--file', 'wrong.yaml', '--json');
    expect(JSON.parse(json.stderr).error.details.problems).toMatchObject([
      { path: 'scope.typ', line: 2, file: 'wrong.yaml' },
      { path: 'onDelay', line: 4 },
    ]);

    await client.devices.create({ id: 'boiler' });
    await client.rules.create({ id: 'hot', scope: { points: 'temperature' }, when: { bands: [{ level: 'major', high: 80 }] } });
    await client.report('boiler', { temperature: 85 });
    const shelved = await muster('alarm', 'shelve', '--rule', 'hot', '--for', '1h', '--yes', '--json', '--columns', 'status,shelved-until');
    expect(JSON.parse(shelved.stdout)).toEqual([{ status: 'shelved', 'shelved-until': expect.any(Number) }]);

    for (const range of [
      ['--from', '-1h', '--to', 'now'],
      ['--since', '-1h', '--until', 'now'],
    ]) {
      expect(JSON.parse((await muster('alarm', 'list', '--json', ...range)).stdout)).toMatchObject([{ rule: 'hot' }]);
      expect(JSON.parse((await muster('alarm', 'stats', '--json', ...range)).stdout)).toMatchObject({ standing: { live: 1 } });
    }
    const asserted = await muster('alarm', 'assert', '--max', '0', '--rule', 'hto');
    expect(asserted).toMatchObject({ code: 0, stderr: expect.stringContaining('Note: the hub has no rule hto') });
    expect((await muster('alarm', 'assert', '--max', '0', '--rule', 'hot')).stderr).not.toContain('Note');
  } finally {
    client.close();
  }
});
