import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createPendingFile, type ImportNote, type PendingRow, pendingPathOf, readPendingFile } from '../../../src/lib/enrolment/pending-file.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const NOTE: ImportNote = { version: 1, url: 'http://127.0.0.1:1', mode: 'create', credential: 'token', columns: [] };
const row = (line: number): PendingRow => ({ line, id: `d${line}`, credential: { kind: 'token', id: `k${line}`, secret: `s${line}`, hash: 'h' } as never });

test('rows that an import before this one left are whole on the disk all the while, whenever it is killed', async () => {
  const results = join(temporaryFolder(), 'out.csv');
  const path = pendingPathOf(results);
  await createPendingFile(results, NOTE, new Map()).write([row(2), row(3)]);
  const former = (await readPendingFile(results))?.rows ?? new Map();
  expect([...former.keys()]).toEqual([2, 3]);
  // Whoever has it open sees what a kill would leave: the old one, until the new one is whole.
  const before = openSync(path, 'r');
  onTestFinished(() => closeSync(before));
  const whole = readFileSync(path, 'utf8');
  const resumed = createPendingFile(results, NOTE, former);
  await resumed.write([row(2), row(4)]);
  expect(readFileSync(before, 'utf8')).toBe(whole);
  expect([...((await readPendingFile(results))?.rows.keys() ?? [])]).toEqual([2, 3, 4]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await resumed.write([row(3)]);
  await resumed.write([row(5)]);
  expect([...((await readPendingFile(results))?.rows.keys() ?? [])]).toEqual([5]);
  await resumed.remove();
  expect(await readPendingFile(results)).toBeNull();
});
