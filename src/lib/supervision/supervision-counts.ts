import type { AlarmBook } from './alarm-book.ts';
import type { AlarmKeeper } from './alarm-keeper.ts';
import type { CatchUp } from './catch-up.ts';
import type { Clockwork } from './clockwork.ts';
import type { Commands } from './commands.ts';
import type { LateData } from './late-data.ts';
import type { Ledger } from './ledger.ts';
import type { HotRules } from './rules.ts';
import type { SampleEvaluator } from './sample-evaluator.ts';
import type { SupervisionCounts } from './supervision.ts';
import type { Watches } from './watches.ts';

export function supervisionCounts(parts: {
  readonly watches: Watches;
  readonly rules: HotRules;
  readonly book: AlarmBook;
  readonly clockwork: Clockwork;
  readonly evaluator: SampleEvaluator;
  readonly keeper: AlarmKeeper;
  readonly ledger: Ledger;
  readonly late: LateData;
  readonly commands: Commands;
  readonly catchUp: CatchUp;
}): SupervisionCounts {
  const { watches, rules, book, clockwork, evaluator, keeper, ledger, late, commands, catchUp } = parts;
  const projects = [...watches.projects()];
  return {
    rules: projects.reduce((sum, { states }) => sum + states.size, 0),
    rulesFailing: rules.failing,
    pointsWatched: projects.reduce((sum, { bound }) => sum + bound, 0),
    alarmsLive: book.size,
    alarmsActive: book.active,
    alarmsUnacked: book.unacked,
    timers: clockwork.timers,
    samplesEvaluated: evaluator.evaluated,
    samplesWaiting: catchUp.waiting,
    transitions: keeper.transitions,
    uncommitted: ledger.uncommitted,
    evaluations: watches.held,
    lateEvaluations: late.shadows,
    scriptsWaiting: evaluator.scriptsWaiting,
    commandsAsked: commands.asked,
    dropped: {
      alarms: keeper.refused,
      evaluations: watches.refused,
      late: late.skipped,
      scripts: evaluator.scriptsSkipped,
      commands: commands.dropped,
      events: ledger.dropped,
      waiting: catchUp.skipped,
    },
  };
}
