import { parseArgs } from 'node:util';
import { type Proof, runProof } from './proof.ts';
import { PROOFS } from './registry.ts';
import type { Scope } from './scope.ts';

const USAGE = `npm run proof -- [${PROOFS.map(({ name }) => name).join('|')}|all] [--rounds N] [--seconds N] [--rows N] [--seed S] [--json]

${PROOFS.map(({ name, summary, long }) => `  ${name.padEnd(12)}${summary} (${long.rounds > 0 ? `${long.rounds} rounds` : `${long.seconds} s`})`).join('\n')}

Exit code 0: all of it holds. 1: something does not. 2: wrong usage.
`;

interface Row {
  readonly name: string;
  readonly verdict: 'holds' | 'FAILS' | 'left out';
  readonly seconds: number;
  readonly figures: Readonly<Record<string, string | number>>;
  readonly failures: readonly string[];
}

let current: Scope | null = null;
const say = (line: string) => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const chosen = parse();
  if (chosen === null) return 2;
  const { proofs, seed, json } = chosen;
  say(`seed ${seed}`);
  const rows: Row[] = [];
  for (const proof of proofs) rows.push(await prove(proof, chosen));
  if (json) process.stdout.write(`${JSON.stringify({ seed, proofs: rows }, null, 2)}\n`);
  else process.stdout.write(tableOf(rows, seed));
  return rows.some(({ verdict }) => verdict === 'FAILS') ? 1 : 0;
}

interface Chosen {
  readonly proofs: readonly Proof[];
  readonly seed: number;
  readonly json: boolean;
  readonly rounds: number | undefined;
  readonly seconds: number | undefined;
  readonly rows: number | undefined;
}

function parse(): Chosen | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        rows: { type: 'string' },
        seed: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    const number = (name: 'rounds' | 'seconds' | 'rows' | 'seed') => {
      const text = values[name];
      if (text === undefined) return undefined;
      if (!/^\d+$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}`);
      return Number(text);
    };
    const unknown = positionals.filter((name) => name !== 'all' && !PROOFS.some((proof) => proof.name === name));
    if (values.help || unknown.length > 0) throw new Error(unknown.length > 0 ? `there is no proof ${unknown.join(', ')}` : '');
    const all = positionals.length === 0 || positionals.includes('all');
    const proofs = PROOFS.filter(({ name }) => all || positionals.includes(name));
    const seed = number('seed') ?? Math.floor(Math.random() * 2 ** 31);
    return { proofs, seed, json: values.json, rounds: number('rounds'), seconds: number('seconds'), rows: number('rows') };
  } catch (error: unknown) {
    process.stderr.write(`${error instanceof Error && error.message !== '' ? `${error.message}\n\n` : ''}${USAGE}`);
    return null;
  }
}

async function prove(proof: Proof, { seed, rounds, seconds, rows }: Chosen): Promise<Row> {
  const obstacle = proof.obstacle?.() ?? null;
  const { name } = proof;
  if (obstacle !== null) {
    say(`${name}: left out: ${obstacle}`);
    return { name, verdict: process.env.MUSTER_REQUIRE_PEERS === '1' ? 'FAILS' : 'left out', seconds: 0, figures: {}, failures: [obstacle] };
  }
  say(`${name}: ${proof.summary}`);
  const startedAt = performance.now();
  const elapsed = () => Math.round((performance.now() - startedAt) / 1000);
  try {
    const { long } = proof;
    const options = { rounds: rounds ?? long.rounds, seconds: seconds ?? long.seconds, rows: rows ?? long.rows ?? 0, seed, say };
    const { figures, failures } = await runProof(proof, options, (opened) => {
      current = opened;
    });
    for (const failure of failures) say(`  FAILS: ${failure}`);
    return { name, verdict: failures.length === 0 ? 'holds' : 'FAILS', seconds: elapsed(), figures, failures };
  } catch (error: unknown) {
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    say(`  FAILS: ${words}`);
    return { name, verdict: 'FAILS', seconds: elapsed(), figures: {}, failures: [words] };
  }
}

function tableOf(rows: readonly Row[], seed: number): string {
  const lines = rows.map(({ name, verdict, seconds, figures, failures }) => {
    const shown = Object.entries(figures).map(([what, value]) => `${what} ${value}`);
    const found = failures.map((failure) => `\n${' '.repeat(12)}- ${failure}`).join('');
    return `${name.padEnd(12)}${verdict.padEnd(10)}${`${seconds} s`.padEnd(8)}${shown.join(' · ')}${found}`;
  });
  return `${lines.join('\n')}\nseed ${seed}\n`;
}

const INTERRUPTED = 130;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // Hubs, mounts and folders go with it.
  process.once(signal, () => void Promise.resolve(current?.close()).finally(() => process.exit(INTERRUPTED)));
}
process.exitCode = await main();
// Keep-alive connections of fetch would hold the process for a while.
process.exit();
