// Expressions and scripts of rules, alone: evaluations a second.
//   npx esbuild bench/expressions/expressions.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-expressions.mjs && node dist/bench-expressions.mjs
// (the scripts need a built dist/: npm run build)
import { compileExpression } from '../../src/lib/expressions/compile-expression.ts';
import type { ExpressionType } from '../../src/lib/expressions/expression.ts';
import { createScriptThread } from '../../src/lib/scripts/script-thread.ts';
import { createWaitingScripts } from '../../src/lib/scripts/waiting-scripts.ts';

const list = Array.from({ length: 10 }, (_, index) => index);
const cases: readonly (readonly [string, Readonly<Record<string, ExpressionType>>, Record<string, unknown>])[] = [
  ['a * 1.8 + 32 > 100 && b < 3', { a: 'number', b: 'number' }, { a: 40, b: 2 }],
  ['a * 1.8 + 32 > 100 && b < 3', { a: 'dyn', b: 'dyn' }, { a: 40, b: 2 }],
  ['t > 80 && avg(last.t) > 3', { t: 'dyn', last: 'map' }, { t: 90, last: { t: list } }],
  ['list.count(v, v > 5) * 2 > size(list)', { list: 'list' }, { list }],
];

for (const [source, variables, bindings] of cases) {
  const compiled = compileExpression(source, { variables });
  if (!compiled.ok) throw new Error(compiled.message);
  const { expression } = compiled;
  const best = Math.max(...[1, 2, 3].map(() => rate(1_000_000, () => expression.evaluate(bindings))));
  process.stdout.write(`${(best / 1e6).toFixed(1).padStart(8)} M/s  ${source} (${Object.values(variables).join(', ')})\n`);
}

const source = 'function evaluate(input, state) { return { level: input.values.t > 80 ? "major" : null, state: (state ?? 0) + 1 } }';
const call = { input: { time: 0, device: 'b1', values: { t: 90 }, last: { t: list }, times: { t: list } }, state: 3 };
const waiting = createWaitingScripts();
const waited = waiting.compile('javascript', source);
waited.call(call);
process.stdout.write(
  `${rate(20_000, () => waited.call(call))
    .toFixed(0)
    .padStart(8)} /s    calls of a script, one after the other, waiting for each\n`,
);
await waiting.stop();
const thread = createScriptThread();
const later = thread.compile('javascript', source);
await later.call(call);
const before = performance.now();
for (let round = 0; round < 40; round += 1) await Promise.all(Array.from({ length: 500 }, () => later.call(call)));
process.stdout.write(
  `${((20_000 / (performance.now() - before)) * 1000).toFixed(0).padStart(8)} /s    calls of a script in the thread of a hub, 500 at once\n`,
);
await thread.stop();

function rate(count: number, run: () => unknown): number {
  const started = performance.now();
  for (let index = 0; index < count; index += 1) run();
  return (count / (performance.now() - started)) * 1000;
}
