import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type Context,
  configDirectory,
  contextsFile,
  forgetToken,
  readContexts,
  removeContext,
  saveContext,
  switchContext,
} from '../../../src/lib/cli/contexts.ts';
import { bundled } from '../../helpers/run-bundled.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const context = (name: string, more: Partial<Context> = {}): Context => ({
  name,
  url: 'http://127.0.0.1:8080',
  token: 'mst_a_secret',
  project: 'default',
  readOnly: false,
  ...more,
});
const mode = (file: string): string => (statSync(file).mode & 0o777).toString(8);

test('there are no contexts before the first', () => {
  expect(readContexts(join(temporaryFolder(), 'none'))).toEqual({ current: null, contexts: [], exposed: false });
});

test('keeps contexts, which one is in use, and names with dots', async () => {
  const directory = join(temporaryFolder(), 'deep', 'down');
  await saveContext(context('hub.example.org:8080'), { directory });
  await saveContext(context('other', { readOnly: true, ca: '/ca.pem' }), { directory, use: false });
  expect(readContexts(directory)).toEqual({
    current: 'hub.example.org:8080',
    contexts: [context('hub.example.org:8080'), context('other', { readOnly: true, ca: '/ca.pem' })],
    exposed: false,
  });
  await switchContext('other', directory);
  await forgetToken('other', directory);
  await removeContext('hub.example.org:8080', directory);
  expect(readContexts(directory)).toEqual({ current: 'other', contexts: [context('other', { readOnly: true, ca: '/ca.pem', token: null })], exposed: false });
});

test('no context is in use after the one in use is removed', async () => {
  const directory = temporaryFolder();
  await saveContext(context('a'), { directory });
  await removeContext('a', directory);
  expect(readContexts(directory).current).toBeNull();
  await expect(removeContext('a', directory)).rejects.toMatchObject({ code: 'not_found' });
  await expect(switchContext('__proto__', directory)).rejects.toMatchObject({ code: 'not_found' });
});

test.skipIf(process.platform === 'win32')('nobody but the owner may read the file, and it is said when others could', async () => {
  const directory = temporaryFolder();
  await saveContext(context('a'), { directory });
  const file = contextsFile(directory);
  expect(mode(file)).toBe('600');
  chmodSync(file, 0o644);
  expect(readContexts(directory).exposed).toBe(true);
  expect(mode(file)).toBe('600');
  expect(readContexts(directory).exposed).toBe(false);
});

test('a broken file is a clear error that does not show its tokens, and is not overwritten', async () => {
  const directory = temporaryFolder();
  for (const text of ['{"contexts":{"a":{"token":"mst_a_secret"', '[]', '{"contexts":{"a":{"token":"mst_a_secret"}}}', '{"contexts":7}', '']) {
    writeFileSync(contextsFile(directory), text);
    for (const work of [async () => readContexts(directory), () => saveContext(context('b'), { directory })]) {
      const error = await work().then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ code: 'usage', message: expect.stringContaining(contextsFile(directory)) });
      expect(`${error}`).not.toContain('secret');
    }
    expect(readFileSync(contextsFile(directory), 'utf8')).toBe(text);
  }
});

test('a name that is none is refused', async () => {
  await expect(saveContext(context('a b'), { directory: temporaryFolder() })).rejects.toMatchObject({ code: 'invalid_name' });
});

test('commands that write at the same time lose nothing of each other', async () => {
  const directory = temporaryFolder();
  const source = join(temporaryFolder(), 'writer.ts');
  const contexts = new URL('../../../src/lib/cli/contexts.ts', import.meta.url).pathname;
  writeFileSync(
    source,
    `import { saveContext } from ${JSON.stringify(contexts)};
     const [directory = '', name = ''] = process.argv.slice(2);
     for (let n = 0; n < 5; n += 1) await saveContext({ name: name + n, url: 'http://hub', token: null, project: null, readOnly: false }, { directory });`,
  );
  const writer = await bundled(source);
  const codes = await Promise.all(
    ['a', 'b', 'c', 'd'].map(
      (name) => new Promise((resolve) => spawn(process.execPath, [writer, directory, name], { stdio: 'inherit' }).once('close', resolve)),
    ),
  );
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(readContexts(directory).contexts).toHaveLength(20);
  expect(readdirSync(directory)).toEqual(['contexts.json']);
});

test('the lock of a command that died is taken over', async () => {
  const directory = temporaryFolder();
  const lock = `${contextsFile(directory)}.lock`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(lock, '');
  utimesSync(lock, new Date(0), new Date(0));
  await saveContext(context('a'), { directory });
  expect(existsSync(lock)).toBe(false);
});

test('finds the configuration as XDG says', () => {
  expect(configDirectory({ MUSTER_CONFIG_DIR: '/m', XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe('/m');
  expect(configDirectory({ XDG_CONFIG_HOME: '/x', HOME: '/h' })).toBe(join('/x', 'muster'));
  if (process.platform !== 'win32') expect(configDirectory({ HOME: '/h' })).toBe('/h/.config/muster');
});
