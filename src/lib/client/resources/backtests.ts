import type { BacktestProgress, BacktestRequest, BacktestResult } from '../../api/schema/backtests.ts';
import type { Connection } from '../connection.ts';

export interface BacktestResources {
  /** Tries rules on stored samples: progress, and at last the result. Throws what the hub says went wrong. Ending the iteration ends the work. */
  backtest(request: BacktestRequest, signal?: AbortSignal): AsyncGenerator<BacktestProgress, BacktestResult>;
}

export function backtestResources(connection: Connection): BacktestResources {
  return {
    async *backtest(query, signal) {
      const { backtestLines } = await import('../backtest.ts');
      const { body } = await connection.stream('POST', '/rules/backtest', { body: query, ...(signal && { signal }) });
      return yield* backtestLines(body, connection.url, signal ?? connection.signal);
    },
  };
}
