import { startProgress } from './progress.ts';
import type { SimulationMonitor } from './run-limits.ts';
import { tallyText } from './summary.ts';
import type { Tally } from './tally.ts';

export interface ShowOptions {
  /** A line of its own, to stderr. */
  readonly say: (line: string) => void;
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
}

export interface ShownRun {
  readonly monitor: SimulationMonitor;
  stop(): void;
}

/** Shows on stderr what a run is doing: a status line on a terminal, a line per phase and interval elsewhere. */
export function showRun({ say, stderr }: ShowOptions): ShownRun {
  const terminal = stderr.isTTY === true;
  let phase = 'Starting';
  let provisioned = '';
  let tally: Tally | null = null;
  let since = performance.now();
  const line = () =>
    `${phase}${provisioned}, ${Math.round((performance.now() - since) / 1000)} s${tally === null || tally.sent.messages === 0 ? '' : `: ${tallyText(tally)}`}`;
  const progress = startProgress({ terminal, write: (text) => stderr.write(text), line });
  return {
    monitor: {
      onPhase(sentence, counts) {
        phase = sentence;
        provisioned = '';
        tally = counts;
        since = performance.now();
        if (!terminal) say(`${sentence}.`);
      },
      onProvisioned(made, of) {
        provisioned = ` (${made} of ${of})`;
      },
      onWarning(sentence) {
        if (terminal) stderr.write('\r\u001b[2K');
        say(`Warning: ${sentence}`);
      },
    },
    stop: () => progress.stop(),
  };
}
