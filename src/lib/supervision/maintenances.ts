import { uuidv7 } from 'uuidv7';
import { scopeWords } from '../alarms/describe-rule.ts';
import { readScope } from '../alarms/read-scope.ts';
import type { Actor, HubEvent } from '../domain/event.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/rule-record.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import { createChangeOrder } from '../fleet/change-order.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import { problemText } from './rules.ts';
import type { Maintenances, RuleProblem } from './supervision.ts';

export interface MaintenancesPorts {
  readonly storage: Pick<AlarmStorage, 'maintenances' | 'events'>;
  readonly log: CommitLog;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly stream: Pick<EventStream, 'publish'>;
  /** ms since 1970 */
  readonly clock: () => number;
  readonly maintenancesPerProjectMax: number;
  /** What is wrong with a scope; empty: nothing. */
  readonly scopeProblems: (scope: JsonValue) => readonly RuleProblem[];
  /**
   * Called when it is on disk: a window is new (`on`), or deleted. When it begins and ends by the clock is the engine's business. Its promise is waited for.
   * Must not reject.
   */
  readonly onMaintenanceChanged: (window: MaintenanceWindow, on: boolean, actor: Actor) => Promise<void> | void;
}

/** The maintenance windows, as the engine has them. */
export interface HotMaintenances extends Maintenances {
  load(): Promise<void>;
  all(): Iterable<MaintenanceWindow>;
  /** Forgets those that ended so long ago. For the engine's hourly round. */
  forgetEnded(): Promise<void>;
}

/** Ended ones stay to be looked at. */
const ENDED_KEPT_MS = 30 * 86_400_000;
const LONGEST_MS = 366 * 86_400_000;
const REASON_MAX = 500;

export function createMaintenances(ports: MaintenancesPorts): HotMaintenances {
  const { storage, log, recorder, stream, clock } = ports;
  const windows = new Map<string, MaintenanceWindow>();
  const order = createChangeOrder();

  const ofProject = (project: ProjectId): MaintenanceWindow[] =>
    [...windows.values()].filter((window) => window.project === project).sort((one, other) => one.from - other.from || (one.id < other.id ? -1 : 1));

  async function commit(window: MaintenanceWindow, statement: Statement, actor: Actor, kind: 'maintenance.created' | 'maintenance.deleted'): Promise<void> {
    const what = kind === 'maintenance.created' ? 'is announced' : 'is called off';
    const event: HubEvent = recorder.complete({
      ...{ project: window.project, time: clock(), kind, actor, severity: null, device: null, point: null, alarm: null, rule: null },
      text: `maintenance of ${whatOf(window)} ${what}: ${window.reason === '' ? 'no reason given' : window.reason}`,
      details: { maintenance: window.id, scope: window.scope, from: window.from, to: window.to, reason: window.reason },
    });
    await commitOrExplain(log, [statement, storage.events.insert([event])], { stale: () => noWindow(window.id) });
    if (kind === 'maintenance.created') windows.set(window.id, window);
    else windows.delete(window.id);
    stream.publish([event]);
    await ports.onMaintenanceChanged(window, kind === 'maintenance.created', actor);
  }

  return {
    async load() {
      for (const window of await storage.maintenances.all()) windows.set(window.id, window);
    },
    all: () => windows.values(),
    list: ofProject,
    create: (project, given, actor) =>
      order.alone(async () => {
        const now = clock();
        check(given, now, ports.scopeProblems(given.scope));
        if (ofProject(project).length >= ports.maintenancesPerProjectMax) {
          throw new MusterError(
            'limit_reached',
            `the project has ${ports.maintenancesPerProjectMax} maintenance windows already (limits.maintenances-per-project)`,
          );
        }
        const { scope, from, to, reason } = given;
        const window: MaintenanceWindow = { id: uuidv7(), project, scope, from, to, reason, createdAt: now, createdBy: actor };
        await commit(window, storage.maintenances.insert(window), actor, 'maintenance.created');
        return window;
      }),
    delete: (project, id, actor) =>
      order.alone(async () => {
        const window = windows.get(id);
        if (window?.project !== project) throw noWindow(id);
        await commit(window, storage.maintenances.remove(project, id), actor, 'maintenance.deleted');
      }),
    async forgetEnded() {
      const before = clock() - ENDED_KEPT_MS;
      if (![...windows.values()].some(({ to }) => to < before)) return;
      await log.commit({ statements: [storage.maintenances.removeEnded(before)] });
      for (const { id, to } of windows.values()) if (to < before) windows.delete(id);
    },
  };
}

function check({ from, to, reason }: Pick<MaintenanceWindow, 'from' | 'to' | 'reason'>, now: number, scope: readonly RuleProblem[]): void {
  if (scope.length > 0) {
    throw new MusterError('invalid', `the scope is wrong: ${problemText(scope)}`, {
      hint: 'A scope has type, group, labels, device and points, as in a rule.',
      details: { problems: scope.map(({ path, message }) => ({ path, message })) },
    });
  }
  const wrong = (field: string, message: string): MusterError => new MusterError('invalid', message, { details: { field } });
  if (!(to > from)) throw wrong('to', 'the maintenance ends before it begins');
  if (to <= now) throw wrong('to', 'the maintenance is over already');
  if (to - from > LONGEST_MS) throw wrong('to', 'the maintenance is longer than a year');
  if (reason.length > REASON_MAX) throw wrong('reason', `the reason is longer than ${REASON_MAX} characters`);
}

function noWindow(id: string): MusterError {
  return new MusterError('not_found', `there is no maintenance ${id.slice(0, 130)}`, { hint: 'List them with `muster maintenance list`.' });
}

function whatOf({ scope }: MaintenanceWindow): string {
  const read = readScope(scope);
  return read.ok ? scopeWords(read.scope, read.scope.points.length > 0 ? 'point' : 'device') : 'devices';
}
