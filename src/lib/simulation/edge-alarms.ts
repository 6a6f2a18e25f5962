import { createEdgeEvaluator, type EdgeChange, type EdgeEvaluator, type EdgeRule } from '../alarms/edge-evaluator.ts';
import { readRuleHere } from '../cli/rule-trial/read-rule.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { AlarmReport } from '../device/endpoint.ts';
import type { SampleValue } from '../domain/value.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { GatewayIdentity } from './fleet-connection.ts';
import { forEachBounded } from './pool.ts';

/** What the rules of the gateways did. */
export interface EdgeAlarmCounts {
  /** Gateways with at least one rule. */
  readonly gateways: number;
  /** Different ones. */
  readonly rules: number;
  readonly raised: number;
  /** To another level. */
  readonly changed: number;
  readonly cleared: number;
}

export interface AlarmMessage {
  readonly device: string;
  readonly report: AlarmReport;
}

/** The rules of all gateways of a run, evaluated by each for itself and the devices behind it. */
export interface EdgeAlarms {
  /** What gateway number `index` has to tell after these values of one of its devices, and what was due before. */
  of(index: number, device: string, time: number, values: Readonly<Record<string, SampleValue>>): readonly AlarmMessage[];
  counts(): EdgeAlarmCounts;
}

const FETCHING_MAX = 16;

/** Each gateway fetches its rules with its own credentials, as a real one does. A rule that cannot be read is warned of once. */
export async function createEdgeAlarms(options: {
  readonly hub: HubClient;
  readonly identities: readonly GatewayIdentity[];
  readonly signal: AbortSignal;
  readonly onWarning: (sentence: string) => void;
}): Promise<EdgeAlarms> {
  const { hub, identities, signal, onWarning } = options;
  const evaluators: (EdgeEvaluator | null)[] = identities.map(() => null);
  const names = new Set<string>();
  const unreadable = new Set<string>();
  await forEachBounded(identities, FETCHING_MAX, signal, async ({ deviceId, secret }, index) => {
    const { rules } = await hub.devices.edgeRules(deviceId, secret);
    const read: EdgeRule[] = [];
    for (const { id, version, document, devices } of rules) {
      try {
        read.push({ rule: await readRuleHere(document, version), devices });
        names.add(id);
      } catch (error: unknown) {
        if (!unreadable.has(id)) onWarning(`The rule ${id} cannot be evaluated here: ${messageOf(error)}`);
        unreadable.add(id);
      }
    }
    if (read.length > 0) evaluators[index] = createEdgeEvaluator(read);
  });
  const active = new Set<string>();
  const counts = { raised: 0, changed: 0, cleared: 0 };

  function told(change: EdgeChange): AlarmMessage {
    const key = `${change.rule} ${change.device} ${change.point ?? ''}`;
    if (change.level === null) {
      counts.cleared += 1;
      active.delete(key);
    } else if (active.has(key)) counts.changed += 1;
    else {
      counts.raised += 1;
      active.add(key);
    }
    const { device, ...report } = change;
    return { device, report };
  }

  return {
    of(index, device, time, values) {
      const evaluator = evaluators[index] ?? null;
      if (evaluator === null) return [];
      const due = evaluator.dueAt <= time ? evaluator.advance(time) : [];
      return [...due, ...Object.entries(values).flatMap(([point, value]) => evaluator.sample(device, point, time, value))].map(told);
    },
    counts: () => ({ gateways: evaluators.filter((each) => each !== null).length, rules: names.size, ...counts }),
  };
}
