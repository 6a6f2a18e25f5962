// `npm test -- [arguments of vitest]`: lint, types and tests, from a fresh clone on. All three run even when an earlier one failed,
// so that one run shows all there is to mend. The last line is that of the tests: `N passed, N failed`.
import { run, setUp } from './setup.mjs';

await setUp();
const codes = [];
for (const [name, program, ...parameters] of [
  ['lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
]) {
  const code = await run(process.execPath, [program, ...parameters]);
  process.stdout.write(`${name}: ${code === 0 ? 'ok' : `failed with exit code ${code}`}\n`);
  codes.push(code);
}
codes.push(await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]));
process.exitCode = codes.find((code) => code !== 0) ?? 0;
