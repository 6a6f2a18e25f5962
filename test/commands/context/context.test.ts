import { expect, test } from 'vitest';
import { contextsFile, readContexts } from '../../../src/lib/cli/contexts.ts';
import { runMuster } from '../../helpers/run-muster.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const SECRET = 'mst_01f3a9_averylongsecret';

test('a context is added, shown without its secret, used and removed', { timeout: 90_000 }, async () => {
  const directory = temporaryFolder();
  const muster = (args: string[], input = '') => runMuster(args, { env: { ...process.env, MUSTER_CONFIG_DIR: directory }, input });

  expect(
    await muster(['context', 'add', 'plant', '--url', 'hub.example.org:8080/', '--token-stdin', '--read-only', '--project', 'p'], `${SECRET}\n`),
  ).toMatchObject({ code: 0 });
  expect(await muster(['context', 'add', 'local', '--url', 'http://127.0.0.1:8080'])).toMatchObject({ code: 0 });
  expect(readContexts(directory)).toMatchObject({
    current: 'plant',
    contexts: [{ name: 'plant', url: 'http://hub.example.org:8080', token: SECRET, readOnly: true, project: 'p' }, { name: 'local' }],
  });

  for (const args of [
    ['context', 'list', '--json'],
    ['context', 'list'],
    ['context', 'show'],
    ['context', 'show', 'plant', '-o', 'yaml'],
  ]) {
    const { code, stdout, stderr } = await muster(args);
    expect(code).toBe(0);
    expect(stdout).toContain('mst_01f3a9_…');
    expect(stdout + stderr).not.toContain('averylongsecret');
  }

  expect(await muster(['context', 'use', 'local'])).toMatchObject({ code: 0, stdout: '' });
  expect(JSON.parse((await muster(['context', 'show', '--json'])).stdout)).toMatchObject({ name: 'local', current: true, token: null });
  expect(await muster(['context', 'use', 'nowhere'])).toMatchObject({ code: 3 });

  const asked = await muster(['context', 'remove', 'plant']);
  expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(await muster(['context', 'remove', 'plant', '--yes'])).toMatchObject({ code: 0 });
  expect(await muster(['context', 'remove', 'plant', '--yes'])).toMatchObject({ code: 3 });
  expect(readContexts(directory).contexts.map((context) => context.name)).toEqual(['local']);
});

test('a context added again keeps its token only for the same URL', { timeout: 90_000 }, async () => {
  const directory = temporaryFolder();
  const muster = (args: string[], input = '') => runMuster(args, { env: { ...process.env, MUSTER_CONFIG_DIR: directory }, input });
  await muster(['context', 'add', 'a', '--url', 'http://one', '--token-stdin'], SECRET);
  await muster(['context', 'add', 'a', '--url', 'http://one/', '--read-only']);
  expect(readContexts(directory).contexts).toMatchObject([{ token: SECRET, readOnly: true }]);
  await muster(['context', 'add', 'a', '--url', 'http://two']);
  expect(readContexts(directory).contexts).toMatchObject([{ token: null, readOnly: false }]);
  expect(contextsFile(directory)).toContain(directory);
});
