import { createFindings, type Findings } from './findings.ts';
import { createScope, type Scope } from './scope.ts';

export interface ProofOptions {
  /** Everything that is left to chance derives from it. */
  readonly seed: number;
  /** How often, for proofs that repeat something. */
  readonly rounds: number;
  /** How long, for proofs that keep something up. */
  readonly seconds: number;
  /** How many rows, for proofs with a file. */
  readonly rows?: number;
  readonly say: (line: string) => void;
}

export type Figures = Readonly<Record<string, string | number>>;

export interface ProofRun extends ProofOptions {
  readonly scope: Scope;
  readonly findings: Findings;
}

/** One promise of the hub, tried at a real hub. Throws only when it could not be tried; what does not hold is a finding. */
export interface Proof {
  readonly name: string;
  readonly summary: string;
  readonly short: Pick<ProofOptions, 'rounds' | 'seconds' | 'rows'>;
  readonly long: Pick<ProofOptions, 'rounds' | 'seconds' | 'rows'>;
  /** Why it cannot run here; null when it can. */
  readonly obstacle?: () => string | null;
  /** Measured values, for the table. */
  run(run: ProofRun): Promise<Figures>;
}

export interface ProofResult {
  readonly figures: Figures;
  readonly failures: readonly string[];
  readonly elapsedMs: number;
}

/** `opened` gets the scope, for whoever has to end it early. */
export async function runProof(proof: Pick<Proof, 'run'>, options: ProofOptions, opened: (scope: Scope) => void = () => undefined): Promise<ProofResult> {
  const scope = createScope();
  opened(scope);
  const findings = createFindings();
  const startedAt = performance.now();
  try {
    const figures = await proof.run({ ...options, scope, findings });
    return { figures, failures: findings.sentences(), elapsedMs: performance.now() - startedAt };
  } finally {
    await scope.close();
  }
}
