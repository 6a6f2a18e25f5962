import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { dataDirectory, defaultDataDirectory } from '../../../src/lib/config/data-directory.ts';

test('without a setting, the data directory follows XDG', () => {
  expect(defaultDataDirectory({ XDG_DATA_HOME: '/x', HOME: '/home/a' }, 'linux')).toBe(join('/x', 'muster'));
  expect(defaultDataDirectory({ HOME: '/home/a' }, 'linux')).toBe('/home/a/.local/share/muster');
  expect(defaultDataDirectory({}, 'linux')).toBe(join(homedir(), '.local/share/muster'));
});

test('a relative path in an XDG variable is ignored, as the specification says', () => {
  expect(defaultDataDirectory({ XDG_DATA_HOME: 'data', HOME: '/home/a' }, 'linux')).toBe('/home/a/.local/share/muster');
});

test('a setting wins and becomes absolute', () => {
  expect(dataDirectory({ data: 'here' }, { XDG_DATA_HOME: '/x' })).toBe(resolve('here'));
  expect(dataDirectory({ data: null }, { XDG_DATA_HOME: '/x' })).toBe(join('/x', 'muster'));
});
