import { type AlarmFacts, type DisplayState, displayState } from '../../alarms/state/display-state.ts';
import type { Alarm } from '../../api/schema/alarms.ts';
import type { EventItem } from '../../api/schema/events.ts';
import { type Severity, severitiesOf } from '../../domain/severity.ts';

type Facts = AlarmFacts & { readonly severity: Severity | null };

const NORMAL: Facts = { active: false, acked: true, latched: false, shelvedUntil: null, outOfService: false, suppressedBy: [], severity: null };
const FACTS = Object.keys(NORMAL);

export interface BoardFilter {
  /** As `major+`; absent: any. */
  readonly severity?: readonly string[] | undefined;
  readonly state: readonly DisplayState[];
}

/** The live alarms that are meant, kept up with the journal: each entry says which facts changed, so that nothing that was true between two looks is missed. */
export interface AlarmBoard {
  /** What the hub said at the beginning. */
  put(alarm: Alarm): void;
  /** True: the count may have changed. */
  apply(event: EventItem): boolean;
  has(alarm: string): boolean;
  readonly count: number;
}

export function createAlarmBoard({ severity, state }: BoardFilter): AlarmBoard {
  const severities = severity === undefined ? null : new Set(severitiesOf(severity));
  const states = new Set<DisplayState>(state);
  const alarms = new Map<string, Facts>();
  let count = 0;
  const counts = (facts: Facts | undefined): boolean =>
    facts !== undefined && states.has(displayState(facts)) && (severities === null || (facts.severity !== null && severities.has(facts.severity)));

  function set(id: string, facts: Facts | undefined): boolean {
    const before = counts(alarms.get(id));
    if (facts === undefined) alarms.delete(id);
    else alarms.set(id, facts);
    const after = counts(facts);
    count += Number(after) - Number(before);
    return before !== after;
  }

  return {
    put: (alarm) => void set(alarm.id, alarm),
    apply(event) {
      if (event.alarm === null || event.details.historical === true) return false;
      if (event.kind === 'alarm.closed') return set(event.alarm, undefined);
      return set(event.alarm, { ...(alarms.get(event.alarm) ?? NORMAL), ...changedFacts(event) });
    },
    has: (alarm) => alarms.has(alarm),
    get count() {
      return count;
    },
  };
}

function changedFacts({ details }: EventItem): Partial<Facts> {
  const { after } = details;
  if (typeof after !== 'object' || after === null) return {};
  return Object.fromEntries(Object.entries(after).filter(([name]) => FACTS.includes(name))) as Partial<Facts>;
}
