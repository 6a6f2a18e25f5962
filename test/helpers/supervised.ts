import { uuidv7 } from 'uuidv7';
import { onTestFinished } from 'vitest';
import { readScope } from '../../src/lib/alarms/read-scope.ts';
import { parseRule } from '../../src/lib/alarms/rule-document.ts';
import { defaultSettings, type Settings } from '../../src/lib/config/settings.ts';
import type { CommandCarrier } from '../../src/lib/control/control.ts';
import type { HotControl } from '../../src/lib/control/create-control.ts';
import type { AlarmRecord } from '../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import type { ChannelId, PointPath, ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import type { OutboxEntry } from '../../src/lib/domain/notification.ts';
import type { JsonValue, SampleValue } from '../../src/lib/domain/value.ts';
import { Directory } from '../../src/lib/fleet/directory.ts';
import { createPresence, type LivePresence } from '../../src/lib/fleet/live-presence.ts';
import type { Notifier } from '../../src/lib/notifications/notifier.ts';
import type { Statement } from '../../src/lib/storage/commit-log.ts';
import type { SampleRow, SampleStore } from '../../src/lib/storage/sample-store.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { createSupervision, type HotSupervision } from '../../src/lib/supervision/create-supervision.ts';
import { createMaintenances } from '../../src/lib/supervision/maintenances.ts';
import { createRules } from '../../src/lib/supervision/rules.ts';
import { controlled } from './controlled.ts';
import { aDevice, aPoint } from './fleet.ts';
import { SILENT_LOG } from './silent-log.ts';
import { startedSystemStore } from './system-store.ts';
import { type TestClock, testClock } from './test-clock.ts';

export const PROJECT = 'default' as ProjectId;
/** Of an engine whose newest values take long to read. */
const START_WAIT_MS = 300;

/** What outlives a hub: its disk, its fleet, and the world's clock. */
export interface World {
  readonly clock: TestClock;
  readonly system: EmbeddedSystemStore;
  readonly directory: Directory;
  readonly presence: LivePresence;
  /** Samples on disk. */
  readonly stored: SampleRow[];
  /** Told to somebody, in order. */
  readonly told: OutboxEntry[];
  /** Why the next commits fail; null: they do not. */
  broken: Error | null;
  /** When an engine that starts has the newest values. */
  latestKnown: () => Promise<void>;
  /** Told of each commit of the engine: how many statements. */
  onCommit: (statements: number) => void;
  addDevice(id: string, more?: Parameters<typeof aDevice>[1]): void;
  addPoint(device: string, path: string, more?: Parameters<typeof aPoint>[3]): void;
  /** Told what rules ask of devices; null: no device listens. */
  carrier: CommandCarrier | undefined;
  events(): Promise<HubEvent[]>;
  /** An engine on this disk. The one before is forgotten as by kill -9. */
  start(settings?: Partial<Settings>): Promise<Engine>;
}

export interface Engine {
  readonly supervision: HotSupervision;
  readonly control: HotControl;
  readonly published: HubEvent[];
  rule(document: JsonValue): Promise<void>;
  /** A message with one sample, through the engine and to the disk. */
  report(device: string, path: string, value: SampleValue, time?: number, late?: boolean): Promise<void>;
  /** The clock goes on, and what is due happens. */
  pass(ms: number): Promise<void>;
  alarms(): AlarmRecord[];
  alarm(rule: string): AlarmRecord | undefined;
}

export async function aWorld(): Promise<World> {
  const clock = testClock();
  const system = await startedSystemStore();
  const directory = new Directory();
  const presence = createPresence();
  const stored: SampleRow[] = [];
  const told: OutboxEntry[] = [];
  let series = 0;
  const world: World = {
    clock,
    system,
    directory,
    presence,
    stored,
    told,
    broken: null,
    onCommit: () => undefined,
    latestKnown: () => Promise.resolve(),
    addDevice: (id, more) => void directory.putDevice(aDevice(id, more)),
    addPoint: (device, path, more) => void directory.putPoint(aPoint(device, path, ++series, more)),
    carrier: undefined,
    async events() {
      const all: HubEvent[] = [];
      let cursor: string | undefined;
      do {
        const page = await system.alarming.events.list({ project: PROJECT }, { limit: 1000, cursor });
        all.push(...page.items);
        cursor = page.cursor ?? undefined;
      } while (cursor !== undefined);
      return all.reverse();
    },
    start,
  };
  return world;

  async function start(given: Partial<Settings> = {}): Promise<Engine> {
    const settings = { ...defaultSettings(), ...given };
    const published: HubEvent[] = [];
    const complete = (event: Omit<HubEvent, 'id' | 'recordedAt'>): HubEvent => ({ ...event, id: uuidv7() as HubEvent['id'], recordedAt: clock() });
    const stream = { publish: (events: readonly HubEvent[]) => void published.push(...events) };
    const recorder = { complete, record: (event: Omit<HubEvent, 'id' | 'recordedAt'>) => void published.push(complete(event)) };
    // Everybody is told over one channel, at once.
    const notifier: Notifier = {
      entriesFor: (alarm, _device, event, cause, now) => [entryOf(alarm, event, cause, now)],
      committed: (entries) => void told.push(...entries),
    };
    const commit = (statements: readonly Statement[]): Promise<unknown> => {
      world.onCommit(statements.length);
      return world.broken === null ? system.log.commit({ statements }) : Promise.reject(world.broken);
    };
    const alarming = system.alarming;
    const rules = createRules({
      ...{ storage: alarming, log: system.log, recorder, stream, directory, hubLog: SILENT_LOG, clock, rulesPerProjectMax: 1000 },
      read(document, version) {
        const parsed = parseRule(document, { version });
        return parsed.ok ? { rule: parsed.rule } : { problems: parsed.problems };
      },
      onRuleChanged: (change) => supervision.ruleChanged(change),
    });
    const maintenances = createMaintenances({
      ...{ storage: alarming, log: system.log, recorder, stream, clock, maintenancesPerProjectMax: 1000 },
      scopeProblems: () => [],
      onMaintenanceChanged: (window, on) => supervision.maintenanceChanged(window, on),
    });
    const samples: Pick<SampleStore, 'read'> = {
      async *read(query) {
        for (const one of query.series) {
          const rows = stored.filter((row) => row.series === one && row.time >= query.from && row.time < query.to).sort((a, b) => b.time - a.time);
          yield query.descending === true ? rows : rows.reverse();
        }
      },
    };
    const { control } = await controlled({ system, directory, clock, ...(world.carrier !== undefined && { carrier: world.carrier }) });
    const supervision = createSupervision({
      control,
      ...{
        settings,
        directory,
        presence,
        storage: alarming,
        samples,
        latestKnown: () => world.latestKnown(),
        startWaitMs: START_WAIT_MS,
        commit,
        recorder,
        stream,
        notifier,
        rules,
        maintenances,
      },
      readScope(scope) {
        const read = readScope(scope);
        return read.ok ? read.scope : null;
      },
      ...{ closed: () => null, clock, log: SILENT_LOG },
    });
    await supervision.start();
    onTestFinished(() => supervision.stop());
    const alarms = (): AlarmRecord[] => [...supervision.alarms.live(PROJECT)];
    return {
      supervision,
      control,
      published,
      alarms,
      alarm: (rule) => alarms().find((record) => record.rule === rule),
      async rule(document) {
        await supervision.rules.create(PROJECT, document, 'user:test');
      },
      async report(device, path, value, time = clock(), late = false) {
        const entry = directory.device(device);
        const point = entry?.points.get(path);
        if (entry === undefined || point === undefined) throw new Error(`no point ${device}/${path}`);
        const changes = supervision.evaluator.evaluate(entry, [{ entry: point, time, value, quality: 'good', late }], clock());
        if (changes !== null) {
          await commit(changes.statements).then(
            () => changes.committed(),
            () => changes.failed(),
          );
        }
        if (time >= point.latestTime) point.latest = { time, value, quality: 'good', late };
        stored.push({ series: point.point.series as SeriesId, time, value, quality: 'good', late });
      },
      async pass(ms) {
        clock.advance(ms);
        supervision.advance();
        await supervision.settled().catch(() => undefined);
      },
    };
  }
}

function entryOf(alarm: AlarmRecord, event: HubEvent, cause: OutboxEntry['cause'], now: number): OutboxEntry {
  return {
    id: uuidv7(),
    project: alarm.project,
    channel: 'test' as ChannelId,
    route: null,
    alarm: alarm.id,
    event: event.id,
    cause,
    severity: alarm.severity ?? 'warning',
    groupKey: '',
    delivery: null,
    state: 'waiting',
    attempts: 0,
    dueAt: now,
    createdAt: now,
    settledAt: null,
    lastError: null,
    content: { rule: alarm.rule, device: alarm.subject.device, point: alarm.subject.point as PointPath | null, message: alarm.message },
  };
}
