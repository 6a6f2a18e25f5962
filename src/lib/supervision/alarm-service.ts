import type { OperatorAction } from '../alarms/operator-action.ts';
import { matchesDevice, matchesPoint } from '../alarms/scope.ts';
import { refusal } from '../alarms/state/refusal.ts';
import type { AlarmRecord, AlarmSubject } from '../domain/alarm.ts';
import { formatDuration } from '../domain/duration.ts';
import type { Actor } from '../domain/event.ts';
import type { PointPath, ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { AlarmBook } from './alarm-book.ts';
import { type AlarmKeeper, type Surroundings, surroundingsFrom, surroundingsOf } from './alarm-keeper.ts';
import type { Ledger } from './ledger.ts';
import type { ActionOutcome, Alarms, Rules } from './supervision.ts';
import type { Watches } from './watches.ts';

export interface AlarmServicePorts {
  readonly book: AlarmBook;
  readonly keeper: AlarmKeeper;
  readonly ledger: Ledger;
  readonly watches: Watches;
  readonly rules: Pick<Rules, 'get' | 'compiled'>;
  readonly storage: Pick<AlarmStorage, 'alarms'>;
  readonly directory: Directory;
  readonly clock: () => number;
  /** Why nothing may be written at the moment; null: write. */
  readonly closed: () => MusterError | null;
  readonly shelveMaxMs: number;
}

/** What people and scripts do with alarms. */
export function createAlarmService(ports: AlarmServicePorts): Omit<Alarms, 'reported'> {
  const { book, keeper, ledger, watches, rules, storage, directory, clock } = ports;

  return {
    *live(project) {
      for (const { record } of book.ofProject(project)) yield record;
    },
    get,
    async act(project, ids, action, actor, dryRun) {
      check(action);
      // Closed ones are read first: what follows is done in one turn, between two changes of anybody else.
      const closed = new Map<string, AlarmRecord>();
      for (const id of new Set(ids)) {
        if (book.byId(id) !== undefined) continue;
        const record = await closedRecord(project, id);
        if (record !== null) closed.set(id, record);
      }
      if (!dryRun) refuseClosed();
      const outcomes = ids.map((id): ActionOutcome => {
        const live = book.byId(id)?.record;
        const record = live?.project === project ? live : closed.get(id);
        if (record === undefined) return { id, alarm: null, refused: { code: 'not_found', reason: `there is no alarm ${id.slice(0, 130)}` } };
        return actOn(record, live === undefined, action, actor, dryRun);
      });
      if (!dryRun) await ledger.commit();
      return outcomes;
    },
    async actOnSubject(project, ruleId, deviceId, point, action, actor) {
      check(action);
      const { id } = rules.get(project, ruleId);
      const entry = directory.device(deviceId);
      if (entry?.device.project !== project) throw new MusterError('not_found', `there is no device ${deviceId.slice(0, 130)}`);
      const subject: AlarmSubject = { device: entry.device.id, point: point as PointPath | null, group: null };
      const live = book.of(project, id, subject)?.record;
      refuseClosed();
      if (live !== undefined) {
        const outcome = actOn(live, false, action, actor, false);
        await ledger.commit();
        return outcome;
      }
      const rule = rules.compiled(project, id);
      if (rule === null) throw new MusterError('invalid', `the rule ${id} cannot be read`);
      const wanted = rule.condition.subject;
      const isWatched = matchesDevice(rule.scope, entry.device, directory.membershipOf(entry.device)) && (point === null || matchesPoint(rule.scope, point));
      if (wanted === 'group' || (wanted === 'point') !== (point !== null) || !isWatched) {
        throw new MusterError('invalid', `the rule ${id} does not watch ${point === null ? deviceId : `${deviceId}/${point}`}`, {
          hint: wanted === 'point' ? 'It watches points: name one of its scope.' : `It watches each ${wanted} as a whole.`,
        });
      }
      const refused = refusal(null, action, clock());
      if (refused !== null) throw new MusterError(refused.code === 'unchanged' ? 'invalid' : refused.code, refused.reason);
      const surroundings: Surroundings = { project, subject, rule, historical: false, origin: rule.runsAt === 'edge' ? 'edge' : 'hub' };
      const record = keeper.apply(surroundings, { kind: 'action', time: clock(), action, actor });
      if (record === null) throw new MusterError('limit_reached', 'as many alarms are live as may be (limits.alarms-live-per-project)');
      await ledger.commit();
      return { id: record.id, alarm: record, refused: null };
    },
  };

  async function get(project: ProjectId, id: string): Promise<AlarmRecord> {
    const live = book.byId(id)?.record;
    const record = live?.project === project ? live : await closedRecord(project, id as AlarmRecord['id']);
    if (record === null) {
      throw new MusterError('not_found', `there is no alarm ${id.slice(0, 130)}`, { hint: 'List them with `muster alarm list`.' });
    }
    return record;
  }

  /** One that is closed in this moment may be on disk as it was before. */
  async function closedRecord(project: ProjectId, id: AlarmRecord['id']): Promise<AlarmRecord | null> {
    const unsettled = ledger.unsettled(id);
    if (unsettled !== undefined) return unsettled.project === project ? unsettled : null;
    const record = await storage.alarms.byId(project, id);
    if (record === null || record.closedAt !== null || record.historical) return record;
    await ledger.settled();
    return storage.alarms.byId(project, id);
  }

  function actOn(record: AlarmRecord, isClosed: boolean, action: OperatorAction, actor: Actor, dryRun: boolean): ActionOutcome {
    const { id } = record;
    const refused = refusal(record, action, clock());
    if (refused !== null) return { id, alarm: record, refused };
    if (dryRun) return { id, alarm: record, refused: null };
    const state = watches.project(record.project)?.states.get(record.rule);
    const surroundings =
      state === undefined ? surroundingsFrom(record) : { ...surroundingsOf(state, record.subject, record.historical), origin: record.origin };
    const input = { kind: 'action', time: clock(), action, actor } as const;
    const after = isClosed ? keeper.apply(surroundings, input, record) : keeper.apply(surroundings, input);
    if (after === null) return { id, alarm: record, refused: { code: 'unchanged', reason: 'It is so already.' } };
    return { id, alarm: after, refused: null };
  }

  function check(action: OperatorAction): void {
    if (action.kind !== 'shelve') return;
    const now = clock();
    if (action.until <= now) throw new MusterError('invalid', 'the shelving would end before it begins');
    if (action.until - now > ports.shelveMaxMs)
      throw new MusterError('invalid', `an alarm may be shelved for ${formatDuration(ports.shelveMaxMs)} at most (alarms.shelve-max-ms)`);
  }

  function refuseClosed(): void {
    const error = ports.closed();
    if (error !== null) throw error;
  }
}
