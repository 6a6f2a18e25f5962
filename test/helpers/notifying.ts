import { uuidv7 } from 'uuidv7';
import { onTestFinished } from 'vitest';
import { createTargetGuard } from '../../src/lib/channels/target-guard.ts';
import type { AlarmRecord } from '../../src/lib/domain/alarm.ts';
import type { Device } from '../../src/lib/domain/device.ts';
import type { HubEvent } from '../../src/lib/domain/event.ts';
import { IN_NO_GROUP } from '../../src/lib/domain/group.ts';
import type { AlarmId, DeviceId, EventId, PointPath, ProjectId, RuleId } from '../../src/lib/domain/ids.ts';
import type { Log } from '../../src/lib/domain/log.ts';
import type { NotifyCause, OutboxEntry } from '../../src/lib/domain/notification.ts';
import type { JsonValue } from '../../src/lib/domain/value.ts';
import { createNotifications, type Notifications, type NotificationsPorts } from '../../src/lib/notifications/create-notifications.ts';
import type { EmbeddedSystemStore } from '../../src/lib/storage/system/create-system-store.ts';
import { anAlarm, anEvent } from './alarming.ts';
import { SILENT_LOG } from './silent-log.ts';
import { startedSystemStore } from './system-store.ts';
import { waitUntil } from './wait-until.ts';

export const PROJECT = 'default' as ProjectId;
const ACTOR = 'user:anna';

export interface Notifying {
  readonly system: EmbeddedSystemStore;
  readonly notifications: Notifications;
  /** What was published of the journal. */
  readonly events: HubEvent[];
  /** Every line of the log, as JSON. */
  readonly lines: string[];
  webhook(id: string, url: string, config?: Readonly<Record<string, JsonValue>>): Promise<string>;
  route(id: string, channels: readonly string[], document?: Readonly<Record<string, JsonValue>>): Promise<void>;
  /** As the engine does: entries are made, committed, and handed over. */
  raise(id: string, more?: Partial<AlarmRecord>, cause?: NotifyCause, device?: Device | null): Promise<readonly OutboxEntry[]>;
  /** The same for many in one transaction. */
  raiseAll(ids: readonly string[], more?: Partial<AlarmRecord>, cause?: NotifyCause, device?: Device | null): Promise<readonly OutboxEntry[]>;
  log(): Promise<readonly OutboxEntry[]>;
  /** Of an entry, once it is on disk so. */
  settled(id: string): Promise<OutboxEntry>;
  /** A second hub on the same data, as after a crash: this one is not stopped first. */
  another(): Promise<Notifying>;
}

export interface NotifyingOptions
  extends Partial<
    Pick<NotificationsPorts, 'clock' | 'chance' | 'giveUpAfterMs' | 'waitingMax' | 'keptMs' | 'targets' | 'channelsPerProjectMax' | 'routesPerProjectMax'>
  > {
  readonly system?: EmbeddedSystemStore;
}

/** Notifications upon a real system store. */
export async function startNotifying(options: NotifyingOptions = {}): Promise<Notifying> {
  const system = options.system ?? (await startedSystemStore());
  const clock = options.clock ?? Date.now;
  const events: HubEvent[] = [];
  const lines: string[] = [];
  const write = (facts: object, sentence: string): void => void lines.push(JSON.stringify({ facts, sentence }));
  const hubLog: Log = { ...SILENT_LOG, debug: write, info: write, warn: write, error: write };
  const storage = system.alarming;
  const notifications = createNotifications({
    ...{ storage, log: system.log, hubLog, clock },
    recorder: { complete: (event) => ({ ...event, id: uuidv7() as EventId, recordedAt: clock() }) },
    stream: { publish: (more) => void events.push(...more) },
    chance: options.chance ?? (() => 0),
    targets: options.targets ?? createTargetGuard(['loopback']),
    groupsOf: () => IN_NO_GROUP,
    giveUpAfterMs: options.giveUpAfterMs ?? 86_400_000,
    waitingMax: options.waitingMax ?? 100_000,
    keptMs: options.keptMs ?? 30 * 86_400_000,
    channelsPerProjectMax: options.channelsPerProjectMax ?? 10,
    routesPerProjectMax: options.routesPerProjectMax ?? 10,
  });
  await notifications.start();
  onTestFinished(() => notifications.stop());

  async function raiseAll(ids: readonly string[], more: Partial<AlarmRecord> = {}, cause: NotifyCause = 'raised', device: Device | null = null) {
    const now = clock();
    const made = ids.map((id) => {
      const alarm = anAlarm(id, { subject: { device: (device?.id ?? id) as DeviceId, point: 'boiler/temperature' as PointPath, group: null }, ...more });
      const event = anEvent(uuidv7(), {
        kind: cause === 'cleared' ? 'alarm.cleared' : 'alarm.raised',
        time: now,
        alarm: id as AlarmId,
        severity: alarm.severity,
      });
      return { alarm, event, entries: notifications.notifier.entriesFor(alarm, device, event, cause, now) };
    });
    const entries = made.flatMap((one) => one.entries);
    await system.log.commit({
      statements: [storage.alarms.put(made.map(({ alarm }) => alarm)), storage.events.insert(made.map(({ event }) => event)), storage.outbox.insert(entries)],
    });
    notifications.notifier.committed(entries);
    return entries;
  }

  const log = async (): Promise<readonly OutboxEntry[]> => (await storage.outbox.list({ project: PROJECT }, { limit: 10_000 })).items;
  return {
    ...{ system, notifications, events, lines, raiseAll, log },
    async webhook(id, url, config = {}) {
      const given = { url, burst: 1_000, ratePerMinute: 60_000, ...config };
      const { generated } = await notifications.channels.create(PROJECT, { id, kind: 'webhook', enabled: true, config: given }, ACTOR);
      return generated.secret ?? '';
    },
    async route(id, channels, document = {}) {
      await notifications.routes.create(PROJECT, { id, enabled: true, channels, document }, ACTOR);
    },
    raise: (id, more, cause, device) => raiseAll([id], { rule: 'boiler-hot' as RuleId, ...more }, cause, device),
    async settled(id) {
      let found: OutboxEntry | undefined;
      await waitUntil(
        async () => {
          found = (await log()).find((entry) => entry.id === id);
          return found !== undefined && found.state !== 'waiting';
        },
        `the entry ${id} is settled`,
        15_000,
      );
      return found as OutboxEntry;
    },
    another: () => startNotifying({ ...options, system }),
  };
}
