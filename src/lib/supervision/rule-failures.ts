import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { RuleState } from './tracked.ts';

const TOLD_EVERY_MS = 60_000;

/** Tells that a rule failed on a sample: a script that threw, an expression without a value, a bug of ours. Of each rule once a minute at most. */
export function createRuleFailures(ports: {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
  readonly log: Log;
}): (state: Pick<RuleState, 'project' | 'rule'>, error: unknown) => void {
  const { recorder, clock, log } = ports;
  const toldAt = new Map<string, number>();

  return ({ project, rule }, error) => {
    const key = `${project} ${rule.id}`;
    const now = clock();
    if (now - (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return;
    for (const [known, at] of toldAt) if (now - at >= TOLD_EVERY_MS) toldAt.delete(known);
    toldAt.set(key, now);
    log.error({ project, rule: rule.id, reason: messageOf(error) }, 'a rule failed on a sample');
    recorder.record({
      ...{ project, time: now, kind: 'rule.failed', actor: 'hub', severity: null, device: null, point: null, alarm: null, rule: rule.id },
      text: `The rule ${rule.id} failed: ${messageOf(error)}`,
      details: { version: rule.version, reason: messageOf(error) },
    });
  };
}
