import { expect, type TestContext } from 'vitest';
import { type Proof, runProof } from './proof.ts';
import { seedOfTests } from './seed.ts';

/** Skips the test aloud where the proof cannot run; with MUSTER_REQUIRE_PEERS=1 it fails. */
export function requireNoObstacle(proof: Pick<Proof, 'obstacle'>, context: Pick<TestContext, 'skip'>): void {
  const obstacle = proof.obstacle?.() ?? null;
  if (obstacle === null) return;
  if (process.env.MUSTER_REQUIRE_PEERS === '1') throw new Error(obstacle);
  process.stderr.write(`SKIPPED: ${obstacle}\n`);
  context.skip(obstacle);
}

/** Runs the short form of a proof as a test: nothing may be found. */
export async function prove(proof: Proof, context: Pick<TestContext, 'skip'>): Promise<void> {
  requireNoObstacle(proof, context);
  const seed = seedOfTests();
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  say(`proof ${proof.name}, seed ${seed}`);
  const { figures, failures, elapsedMs } = await runProof(proof, { ...proof.short, seed, say });
  say(`proof ${proof.name}: ${Math.round(elapsedMs / 1000)} s, ${JSON.stringify(figures)}`);
  expect(failures, `seed ${seed}`).toEqual([]);
}
