import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { judgeClock } from '../../../src/lib/doctor/checks/clock.ts';
import { judgeFileMode } from '../../../src/lib/doctor/checks/context-file-mode.ts';
import { compareVersions } from '../../../src/lib/doctor/checks/hub-version.ts';
import { checkNodeVersion } from '../../../src/lib/doctor/checks/node-version.ts';
import { probeDirectory } from '../../../src/lib/doctor/probe-directory.ts';

test('the clock of the hub may be two seconds off, beyond what the network makes uncertain', () => {
  expect(judgeClock(1000, 1005, 1010)).toMatchObject({ level: 'ok', text: 'The hub is 0 ms ahead (round trip 10 ms)' });
  expect(judgeClock(10_000, 4_000, 10_000)).toMatchObject({ level: 'warn', text: 'The hub is 6000 ms behind (round trip 0 ms)' });
  expect(judgeClock(600_000, 0, 600_000).text).toBe('The hub is 10 min behind (round trip 0 ms)');
  expect(judgeClock(0, 2_001, 0).level).toBe('warn');
  expect(judgeClock(0, 5_000, 6_000).level).toBe('ok');
});

test('an offset that the round trip can explain is never a warning', () => {
  fc.assert(
    fc.property(fc.nat(60_000), fc.nat(60_000), fc.nat(60_000), (sent, out, back) => {
      expect(judgeClock(sent, sent + out, sent + out + back).level).toBe('ok');
    }),
  );
});

test('a file of tokens that others can reach is told', () => {
  expect(judgeFileMode('f', 0o100600).level).toBe('ok');
  expect(judgeFileMode('f', 0o100640)).toMatchObject({ level: 'warn', text: expect.stringContaining('0640') });
  expect(judgeFileMode('f', null, 'linux')).toMatchObject({ level: 'skipped', text: 'f does not exist yet' });
  expect(judgeFileMode('f', null, 'win32')).toMatchObject({ level: 'skipped', text: 'Windows has no mode bits' });
});

test('versions of command and hub may differ as far as the API stays the same', () => {
  expect(compareVersions('0.1.0', '0.1.7').level).toBe('ok');
  expect(compareVersions('0.1.0', '0.2.0').level).toBe('warn');
  expect(compareVersions('1.1.0', '1.9.0').level).toBe('ok');
  expect(compareVersions('1.1.0', '2.0.0').level).toBe('warn');
});

test('a Node below the floor fails', () => {
  expect(['20.11.9', '18.20.0'].map((version) => checkNodeVersion(version).level)).toEqual(['fail', 'fail']);
  expect(['20.15.0', '20.20.2', '22.0.0', '26.1.0'].map((version) => checkNodeVersion(version).level)).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('a directory is writable, can be created, or says why not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'muster-doctor-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'file'), '');
  expect(await probeDirectory(folder)).toEqual({ exists: true, existing: folder, problem: null });
  expect(await probeDirectory(join(folder, 'a', 'b'))).toEqual({ exists: false, existing: folder, problem: null });
  expect((await probeDirectory(join(folder, 'file'))).problem).toBe('is not a directory');
  expect((await probeDirectory(join(folder, 'file', 'below'))).problem).toContain('is not a directory');
  await chmod(folder, 0o500);
  // Root may write anywhere: there the mode says nothing.
  if (process.getuid?.() !== 0) expect((await probeDirectory(join(folder, 'a'))).problem).toContain('is not writable');
});
