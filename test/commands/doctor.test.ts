import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

interface Row {
  readonly check: string;
  readonly level: string;
  readonly text: string;
}

async function doctor(env: NodeJS.ProcessEnv, ...more: string[]) {
  const { code, stdout } = await runMuster(['doctor', '--json', ...more], { env });
  return { code, levels: Object.fromEntries((JSON.parse(stdout) as Row[]).map((row) => [row.check, row.level])) };
}

const bare = (folder: string): NodeJS.ProcessEnv => {
  const { MUSTER_URL: _, MUSTER_TOKEN: __, MUSTER_PROJECT: ___, ...env } = process.env;
  return { ...env, MUSTER_CONFIG_DIR: folder, XDG_DATA_HOME: folder };
};

test('with a hub that runs and a token that is valid, nothing fails', async () => {
  const hub = await startHub();
  const { code, levels } = await doctor(hub.env);
  expect(code).toBe(0);
  expect(levels).toMatchObject({ context: 'ok', hub: 'ok', token: 'ok', 'hub version': 'ok', 'hub clock': 'ok', mqtt: 'ok' });
});

test('with a wrong token the exit code is that of a missing log-in, and the rest is still checked', async () => {
  const hub = await startHub();
  const { code, levels } = await doctor({ ...hub.env, MUSTER_TOKEN: 'mst_wrong_wrong' });
  expect(code).toBe(4);
  expect(levels).toMatchObject({ hub: 'ok', token: 'fail', 'hub clock': 'ok' });
});

test('with a hub that is down the exit code is that of an unreachable hub', async () => {
  const { code, levels } = await doctor({ ...bare(temporaryFolder()), MUSTER_URL: 'http://127.0.0.1:1', MUSTER_TOKEN: 'mst_a_b' }, '--timeout', '2s');
  expect(code).toBe(6);
  expect(levels).toMatchObject({ node: 'ok', context: 'ok', hub: 'fail', token: 'skipped', 'hub version': 'skipped', 'hub clock': 'skipped', mqtt: 'skipped' });
});

test('without a hub it says how to get one, a line for each check', async () => {
  const { code, stdout } = await runMuster(['doctor'], { env: bare(temporaryFolder()) });
  expect(code).toBe(4);
  expect(stdout).toMatch(/^context +fail +.*muster serve/m);
  expect(stdout).toMatch(/^mqtt +skipped/m);
});

test.skipIf(process.platform === 'win32')('contexts that were open to others are told', async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'contexts.json'), '{}', { mode: 0o644 });
  expect((await doctor(bare(folder))).levels['context file']).toBe('warn');
});

test('a file of contexts that is broken fails that check alone', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'contexts.json'), '{', { mode: 0o600 });
  const { code, levels } = await doctor(bare(folder));
  expect(code).toBe(1);
  expect(levels).toMatchObject({ node: 'ok', context: 'fail', hub: 'skipped' });
});
