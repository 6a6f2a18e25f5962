import { uuidv7 } from 'uuidv7';
import type { TargetGuard } from '../channels/channel.ts';
import type { Device } from '../domain/device.ts';
import type { HubEvent } from '../domain/event.ts';
import { type DeviceGroups, IN_NO_GROUP } from '../domain/group.ts';
import type { ChannelId, ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import type { Channel, OutboxEntry } from '../domain/notification.ts';
import { SEVERITIES, type Severity, severityRank } from '../domain/severity.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import { createChangeOrder } from '../fleet/change-order.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import { createChannelLine } from './channel-line.ts';
import { type ChannelQueue, createChannelQueue } from './channel-queue.ts';
import { type Channels, createChannels } from './channels.ts';
import { deliveryEvent, noRoomEvent } from './delivery-events.ts';
import { entryContent } from './entry-content.ts';
import { explainRoutes, type RouteExplanation, type RouteQuestion } from './explain-routes.ts';
import type { Notifier } from './notifier.ts';
import { createOutboxWriter } from './outbox-writer.ts';
import { isInForce } from './quiet-until.ts';
import type { Told } from './route-filter.ts';
import { createRoutes, type Routes } from './routes.ts';

export interface NotificationsPorts {
  readonly storage: Pick<AlarmStorage, 'channels' | 'routes' | 'outbox' | 'events'>;
  readonly log: CommitLog;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly stream: Pick<EventStream, 'publish'>;
  readonly hubLog: Log;
  /** ms since 1970 */
  readonly clock: () => number;
  /** From 0 to 1, for pauses; for tests. */
  readonly chance?: () => number;
  readonly targets: TargetGuard;
  readonly groupsOf: (device: Device) => DeviceGroups;
  readonly giveUpAfterMs: number;
  /** Entries of one project that wait. */
  readonly waitingMax: number;
  /** How long the delivery log goes back. */
  readonly keptMs: number;
  readonly channelsPerProjectMax: number;
  readonly routesPerProjectMax: number;
}

export interface NotificationCounts {
  readonly waiting: number;
  readonly inFlight: number;
  readonly channels: number;
  /** Channels whose last attempt failed. */
  readonly failing: number;
  /** Entries, since the start. */
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
  /** Attempts that failed, and are repeated. */
  readonly retried: number;
}

/** Notifications of a hub: who is told, over what, and what became of it. */
export interface Notifications {
  readonly notifier: Notifier;
  readonly channels: Channels;
  readonly routes: Routes;
  /** Which channels would an alarm like this reach, and why not. */
  explain(project: ProjectId, question: RouteQuestion): readonly RouteExplanation[];
  counts(): NotificationCounts;
  /** Reads what is on disk and goes on with what waits. Before it nobody is told. */
  start(): Promise<void>;
  /** What is under way gets a moment; the rest waits on disk. Idempotent. */
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 2_000;
const CLEANING_INTERVAL_MS = 3_600_000;
const CLEANED_AT_ONCE = 10_000;
const NO_ROOM_INTERVAL_MS = 10_000;
const NOBODY: readonly OutboxEntry[] = [];

export function createNotifications(ports: NotificationsPorts): Notifications {
  const { storage, log, recorder, stream, hubLog, clock } = ports;
  const surroundings = { targets: ports.targets, clock };
  const order = createChangeOrder();
  const writer = createOutboxWriter({ storage, log, stream, hubLog });
  const queues = new Map<string, ChannelQueue>();
  const waiting = new Map<ProjectId, number>();
  const noRoom = new Map<ProjectId, { count: number; toldAt: number }>();
  const totals = { delivered: 0, failed: 0, dropped: 0, retried: 0 };
  let cleaning: NodeJS.Timeout | null = null;
  let started = false;
  let stopping: Promise<void> | null = null;

  const routes = createRoutes({
    ...{ storage, log, recorder, stream, order, clock, hubLog },
    routesPerProjectMax: ports.routesPerProjectMax,
    hasChannel: (project, id) => channels.find(project, id) !== undefined,
  });
  const channels = createChannels({
    ...{ storage, log, recorder, stream, order, clock, surroundings },
    channelsPerProjectMax: ports.channelsPerProjectMax,
    routesTo: (project, id) =>
      routes
        .list(project)
        .filter((route) => route.channels.includes(id))
        .map((route) => route.id),
    onChanged({ project, id }, channel) {
      const key = keyOf(project, id);
      const queue = queues.get(key);
      if (channel?.enabled) {
        if (queue === undefined) queues.set(key, newQueue(channel));
        else queue.configure(createChannelLine(channel, surroundings));
        return;
      }
      queues.delete(key);
      queue?.drop(channel === null ? 'the channel was deleted' : 'the channel was disabled');
      // Nothing of it is sent any more; what is under way has been broken off.
      void queue?.stop(0);
    },
  });

  function newQueue(channel: Channel): ChannelQueue {
    const { project, id } = channel;
    return createChannelQueue(createChannelLine(channel, surroundings), {
      clock,
      chance: ports.chance ?? Math.random,
      newId: uuidv7,
      giveUpAfterMs: ports.giveUpAfterMs,
      intervalOf: ({ route }) => (route === null ? 0 : (routes.find(project, route)?.groupIntervalMs ?? 0)),
      decide: writer.decide,
      tried(entries, reason) {
        totals.retried += 1;
        hubLog.warn({ project, channel: id, attempts: entries[0]?.attempts, reason }, 'a notification could not be sent; it is tried again');
        writer.later(entries, null);
      },
      settled: (entries, delivery, attempts, said) => settled(entries, delivery, attempts, said),
    });
  }

  function settled(entries: readonly OutboxEntry[], delivery: string | null, attempts: number, said: string | null): void {
    const [first] = entries;
    if (first === undefined) return;
    const { project, channel, state, lastError } = first;
    waiting.set(project, Math.max(0, (waiting.get(project) ?? 0) - entries.length));
    totals[state === 'waiting' ? 'dropped' : state] += entries.length;
    if (state !== 'delivered')
      hubLog.warn(
        { project, channel, delivery, changes: entries.length, reason: lastError },
        `a notification was ${state === 'failed' ? 'given up' : 'dropped'}`,
      );
    writer.later(entries, recorder.complete(deliveryEvent(entries, { delivery, attempts, said, now: clock() })));
  }

  /** No row is written for what finds no room: there are too many rows already. The journal says how many. */
  function refuse(project: ProjectId, now: number): void {
    totals.dropped += 1;
    const known = noRoom.get(project) ?? { count: 0, toldAt: 0 };
    noRoom.set(project, known);
    known.count += 1;
    if (now - known.toldAt < NO_ROOM_INTERVAL_MS) return;
    tellNoRoom(project, known, now);
  }

  function tellNoRoom(project: ProjectId, known: { count: number; toldAt: number }, now: number): void {
    hubLog.error({ project, changes: known.count, waitingMax: ports.waitingMax }, 'too many notifications wait: changes are not told');
    writer.later([], recorder.complete(noRoomEvent(project, known.count, ports.waitingMax, now)));
    known.count = 0;
    known.toldAt = now;
  }

  const notifier: Notifier = {
    entriesFor(alarm, device, event, cause, now) {
      const ofProject = routes.compiled(alarm.project);
      if (!started || ofProject.length === 0) return NOBODY;
      const groups = device === null ? IN_NO_GROUP : ports.groupsOf(device);
      const told: Told = { alarm, device, groups, cause, severity: severityOf(alarm.severity, event, cause) };
      let entries: OutboxEntry[] | null = null;
      for (const compiled of ofProject) {
        const { route } = compiled;
        if (!route.enabled || !compiled.filter.matches(told) || !isInForce(compiled, now)) continue;
        for (const channel of route.channels) {
          const queue = queues.get(keyOf(alarm.project, channel));
          if (queue === undefined) continue;
          if ((waiting.get(alarm.project) ?? 0) + (entries?.length ?? 0) >= ports.waitingMax) {
            refuse(alarm.project, now);
            continue;
          }
          const { alone, groupKey, dueAt } = queue.plan(compiled, told, now);
          const id = uuidv7();
          entries ??= [];
          entries.push({
            ...{ id, project: alarm.project, channel, route: route.id, alarm: alarm.id, event: event.id, cause, severity: told.severity },
            ...{ groupKey, delivery: alone ? id : null, state: 'waiting', attempts: 0, dueAt, createdAt: now, settledAt: null, lastError: null },
            content: entryContent(alarm, device, event),
          });
        }
      }
      return entries ?? NOBODY;
    },
    committed(entries) {
      // What a hub that is stopping does not send any more, the next start does.
      if (entries.length > 0 && stopping === null) deal(entries);
    },
  };

  /** To their queues. */
  function deal(entries: readonly OutboxEntry[]): void {
    const byQueue = new Map<ChannelQueue, OutboxEntry[]>();
    const orphans: OutboxEntry[] = [];
    for (const entry of entries) {
      waiting.set(entry.project, (waiting.get(entry.project) ?? 0) + 1);
      const queue = queues.get(keyOf(entry.project, entry.channel));
      const same = queue === undefined ? orphans : byQueue.get(queue);
      if (same !== undefined) same.push(entry);
      else if (queue !== undefined) byQueue.set(queue, [entry]);
    }
    for (const [queue, ofQueue] of byQueue) queue.add(ofQueue);
    dropOrphans(orphans);
  }

  function dropOrphans(orphans: readonly OutboxEntry[]): void {
    const byChannel = new Map<string, OutboxEntry[]>();
    for (const entry of orphans) {
      const known = channels.find(entry.project, entry.channel) !== undefined;
      const dropped = { ...entry, state: 'dropped' as const, settledAt: clock(), lastError: known ? 'the channel was disabled' : 'the channel was deleted' };
      const key = keyOf(entry.project, entry.channel);
      const same = byChannel.get(key);
      if (same) same.push(dropped);
      else byChannel.set(key, [dropped]);
    }
    for (const same of byChannel.values()) settled(same, null, 0, null);
  }

  /** Groups that have told lately wait for their interval, also after a restart. */
  async function recallGroups(): Promise<void> {
    for (const project of routes.projects()) {
      const { items } = await storage.outbox.list({ project, states: ['delivered'] }, { limit: 1_000 });
      for (const entry of items) queues.get(keyOf(project, entry.channel))?.recall(entry);
    }
  }

  async function clean(): Promise<void> {
    const statement = storage.outbox.removeSettled(clock() - ports.keptMs, CLEANED_AT_ONCE);
    for (;;) {
      const { changes } = await log.commit({ statements: [statement] });
      if ((changes[0] ?? 0) < CLEANED_AT_ONCE) return;
    }
  }

  function cleanQuietly(): void {
    clean().catch((error: unknown) => hubLog.warn({ reason: messageOf(error) }, 'old notifications could not be removed; the next round does it'));
  }

  async function stop(): Promise<void> {
    started = false;
    if (cleaning !== null) clearInterval(cleaning);
    await Promise.allSettled([...queues.values()].map((queue) => queue.stop(STOP_GRACE_MS)));
    for (const [project, known] of noRoom) if (known.count > 0) tellNoRoom(project, known, clock());
    await writer.stop();
  }

  return {
    notifier,
    channels,
    routes,
    explain: (project, question) => explainRoutes(routes.compiled(project), (id) => channels.find(project, id), ports.groupsOf, question),
    counts() {
      const all = [...queues.values()];
      return {
        waiting: [...waiting.values()].reduce((sum, count) => sum + count, 0),
        inFlight: all.reduce((sum, queue) => sum + queue.inFlight, 0),
        channels: all.length,
        failing: all.filter((queue) => queue.failing).length,
        ...totals,
      };
    },
    async start() {
      await channels.load();
      await routes.load();
      for (const channel of channels.all()) if (channel.enabled) queues.set(keyOf(channel.project, channel.id), newQueue(channel));
      await recallGroups();
      started = true;
      deal(await storage.outbox.waiting());
      cleanQuietly();
      cleaning = setInterval(cleanQuietly, CLEANING_INTERVAL_MS);
      cleaning.unref();
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function keyOf(project: ProjectId, channel: ChannelId): string {
  return `${project} ${channel}`;
}

/** An alarm that is over is told to those who heard of it: as bad as it was at its worst. */
function severityOf(severity: Severity | null, event: HubEvent, cause: string): Severity {
  const worst = cause === 'cleared' ? SEVERITIES.find((one) => one === event.details.notifiedSeverity) : undefined;
  const last = severity ?? event.severity ?? 'warning';
  return worst !== undefined && severityRank(worst) < severityRank(last) ? worst : last;
}
