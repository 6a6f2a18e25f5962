import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SHELLS } from '../../src/lib/cli/completion/shells.ts';
import { runMuster } from '../helpers/run-muster.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runMuster(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const file = join(temporaryFolder(), `muster.${shell}`);
  writeFileSync(file, stdout);
  return file;
}

/** What bash offers for the last of these words. */
function offered(file: string, words: readonly string[]): string[] {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash reads it.
  const ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muster; printf "%s\\n" "${COMPREPLY[@]}"';
  const { stdout, status, stderr } = spawnSync('bash', ['--norc', '-c', ask, file, ...words], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '');
}

test('bash completes commands, flags and values', async () => {
  const file = await script('bash');
  execFileSync('bash', ['-n', file]);
  expect(offered(file, ['muster', 'dev'])).toEqual(['device']);
  expect(offered(file, ['muster', 'device', 'li'])).toEqual(['list']);
  const verbs = offered(file, ['muster', 'device', '']);
  expect(verbs).toEqual(expect.arrayContaining(['create', 'credential', 'delete', 'import', 'list', 'rejects', 'show', 'update']));
  expect(verbs).toEqual([...verbs].sort());
  expect(offered(file, ['muster', 'device', 'list', '--ki'])).toEqual(['--kind']);
  expect(offered(file, ['muster', 'device', 'list', '--kind', ''])).toEqual(['gateway', 'device', 'app']);
  expect(offered(file, ['muster', 'device', 'list', '--kind', '=', 'ga'])).toEqual(['gateway']);
  expect(offered(file, ['muster', 'device', 'list', '--no-o'])).toEqual(['--no-online']);
  expect(offered(file, ['muster', 'device', 'list', '-o', 'nd'])).toEqual(['ndjson']);
  expect(offered(file, ['muster', 'completion', ''])).toEqual([...SHELLS]);
});

test('a value that can be anything is left to the shell', async () => {
  expect(offered(await script('bash'), ['muster', 'type', 'create', '--file', 'ty'])).toEqual([]);
});

test.each(SHELLS)('the script for %s knows every command', async (shell) => {
  const text = readFileSync(await script(shell), 'utf8');
  for (const word of ['credential', 'whoami', 'password-stdin', 'ndjson']) expect(text).toContain(word);
});

test('another shell is wrong usage', async () => {
  expect(await runMuster(['completion', 'csh'])).toMatchObject({ code: 2, stdout: '' });
});
