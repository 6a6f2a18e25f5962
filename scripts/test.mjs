// `npm test -- [arguments of vitest]`: lint, types and tests, from a fresh clone on. All three run even when an earlier one failed,
// so that one run shows all there is to mend. The last line is that of the tests: `N passed, N failed`.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, setUp } from './setup.mjs';

/** By whoever started it: a terminal that closes, Ctrl-C, SIGTERM. */
const STOPPED = new Set([129, 130, 143]);

await setUp();
const codes = [];
await Promise.all(
  [
    ['lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '.'],
    ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
  ].map(async ([name, program, ...parameters]) => {
    const code = await run(process.execPath, [program, ...parameters]);
    process.stdout.write(`${name}: ${code === 0 ? 'ok' : `failed with exit code ${code}`}\n`);
    codes.push(code);
  }),
);
codes.push(await runTests());
process.exitCode = codes.find((code) => code !== 0) ?? 0;

/** The runner has been seen to lose one of its own threads (`Worker exited unexpectedly`) and to end in the midst, without a verdict, or by an abort on its way out. Only then is it started once more: a test that failed has failed. */
async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  // The closing line's reporter makes this file once there is a verdict.
  process.env.MUSTER_TEST_VERDICT = join(folder, 'verdict');
  try {
    for (let attempt = 1; ; attempt += 1) {
      const code = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
      if (code === 0 || STOPPED.has(code) || existsSync(process.env.MUSTER_TEST_VERDICT) || attempt === 2) return code;
      process.stdout.write('\nThe test runner itself ended before its tests did, without a verdict. They are run once more.\n\n');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
