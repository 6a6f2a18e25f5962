import { uuidv7 } from 'uuidv7';
import { ChannelError, type ChannelSurroundings } from '../channels/channel.ts';
import type { Actor, EventKind, HubEvent } from '../domain/event.ts';
import { type ChannelId, isName, NAME_RULE, type ProjectId } from '../domain/ids.ts';
import type { Channel } from '../domain/notification.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { EventStream } from '../events/event-stream.ts';
import type { ChangeOrder } from '../fleet/change-order.ts';
import { commitOrExplain } from '../fleet/commit-or-explain.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import { changedConfig, kindOf, newConfig, visibleConfig } from './channel-config.ts';
import { createChannelLine } from './channel-line.ts';
import { testNotification } from './compose-notification.ts';

/** A channel as it may be seen: without its secrets, of which the names are told. */
export interface ChannelView extends Channel {
  readonly secrets: readonly string[];
}

/** What became of a test. */
export interface ChannelTest {
  readonly delivery: string;
  readonly delivered: boolean;
  /** What the receiver said, or why it did not take it. */
  readonly answer: string;
  /** Would the hub try again? */
  readonly retryable: boolean;
  readonly elapsedMs: number;
}

/** Tests that may be under way at once, of all channels. */
const TESTS_MAX = 8;

type Config = { readonly [name: string]: JsonValue };

/** The channels of the hub. A change is in force when its promise resolves. */
export interface Channels {
  /** By id. */
  list(project: ProjectId): readonly ChannelView[];
  /** Throws not_found. */
  get(project: ProjectId, id: string): ChannelView;
  /** `generated`: the secrets that the hub made; known here and nowhere else. Throws invalid, invalid_name, conflict, limit_reached. */
  create(
    project: ProjectId,
    channel: { readonly id: string; readonly kind: string; readonly enabled: boolean; readonly config: Config },
    actor: Actor,
  ): Promise<ChannelView & { readonly generated: Readonly<Record<string, string>> }>;
  /** Of `config`, secrets that are left out stay; null takes one away. What waits for a channel that is disabled is dropped. */
  update(
    project: ProjectId,
    id: string,
    change: { readonly enabled?: boolean | undefined; readonly config?: Config | undefined },
    actor: Actor,
  ): Promise<ChannelView>;
  /** Throws `in_use` while a route names it. What waits for it is dropped. */
  delete(project: ProjectId, id: string, actor: Actor): Promise<void>;
  /** Sends a test by the code that sends the others, also over a disabled channel. Throws overloaded: one at a time over a channel, TESTS_MAX in all. */
  test(project: ProjectId, id: string, signal: AbortSignal): Promise<ChannelTest>;
}

export interface HotChannels extends Channels {
  load(): Promise<void>;
  find(project: ProjectId, id: string): Channel | undefined;
  all(): Iterable<Channel>;
}

export interface ChannelsPorts {
  readonly storage: Pick<AlarmStorage, 'channels' | 'events'>;
  readonly log: CommitLog;
  readonly recorder: Pick<EventRecorder, 'complete'>;
  readonly stream: Pick<EventStream, 'publish'>;
  /** Of channels and routes together: a route names channels. */
  readonly order: ChangeOrder;
  readonly clock: () => number;
  readonly surroundings: ChannelSurroundings;
  readonly channelsPerProjectMax: number;
  readonly routesTo: (project: ProjectId, id: ChannelId) => readonly string[];
  /** It is on disk. null: it is gone. */
  readonly onChanged: (id: { readonly project: ProjectId; readonly id: ChannelId }, channel: Channel | null) => void;
}

export function createChannels(ports: ChannelsPorts): HotChannels {
  const { storage, log, recorder, stream, order, clock } = ports;
  const byProject = new Map<ProjectId, Map<string, Channel>>();
  /** Channels of which a test is under way. */
  const testing = new Set<string>();

  const ofProject = (project: ProjectId): Map<string, Channel> => {
    const known = byProject.get(project);
    if (known !== undefined) return known;
    const empty = new Map<string, Channel>();
    byProject.set(project, empty);
    return empty;
  };
  const found = (project: ProjectId, id: string): Channel => {
    const channel = byProject.get(project)?.get(id);
    if (channel === undefined) throw noChannel(id);
    return channel;
  };

  async function commit(channel: Channel, statement: Statement, kind: EventKind, text: string, actor: Actor): Promise<void> {
    const event: HubEvent = recorder.complete({
      ...{ project: channel.project, time: clock(), kind, actor, severity: null, device: null, point: null, alarm: null, rule: null },
      text: `channel ${channel.id} ${text}`,
      details: { channel: channel.id, channelKind: channel.kind, enabled: channel.enabled },
    });
    await commitOrExplain(log, [statement, storage.events.insert([event])], {
      unique: () => exists(channel.id),
      reference: () => new MusterError('not_found', 'the project does not exist'),
      stale: () => noChannel(channel.id),
    });
    const gone = kind === 'channel.deleted';
    if (gone) ofProject(channel.project).delete(channel.id);
    else ofProject(channel.project).set(channel.id, channel);
    stream.publish([event]);
    ports.onChanged(channel, gone ? null : channel);
  }

  return {
    async load() {
      for (const channel of await storage.channels.all()) ofProject(channel.project).set(channel.id, channel);
    },
    find: (project, id) => byProject.get(project)?.get(id),
    *all() {
      for (const channels of byProject.values()) yield* channels.values();
    },
    list: (project) => [...(byProject.get(project)?.values() ?? [])].sort((one, other) => (one.id < other.id ? -1 : 1)).map(viewOf),
    get: (project, id) => viewOf(found(project, id)),
    create: (project, { id, kind, enabled, config: given }, actor) =>
      order.alone(async () => {
        if (!isName(id)) throw new MusterError('invalid_name', `the id of a channel must be ${NAME_RULE}`, { details: { field: 'id' } });
        if (ofProject(project).has(id)) throw exists(id);
        if (ofProject(project).size >= ports.channelsPerProjectMax)
          throw new MusterError('limit_reached', `the project has ${ports.channelsPerProjectMax} channels already (limits.channels-per-project)`);
        const { config, generated } = newConfig(kindOf(kind), given);
        const now = clock();
        const channel: Channel = { id: id as ChannelId, project, kind, enabled, config, createdAt: now, updatedAt: now };
        await commit(channel, storage.channels.insert(channel), 'channel.created', `(${kind}) was made`, actor);
        return { ...viewOf(channel), generated };
      }),
    update: (project, id, change, actor) =>
      order.alone(async () => {
        const former = found(project, id);
        const config = change.config === undefined ? former.config : changedConfig(kindOf(former.kind), former.config, change.config);
        const channel: Channel = { ...former, enabled: change.enabled ?? former.enabled, config, updatedAt: clock() };
        const what = change.config === undefined ? (channel.enabled ? 'was enabled' : 'was disabled') : 'was changed';
        await commit(channel, storage.channels.update(channel), 'channel.updated', what, actor);
        return viewOf(channel);
      }),
    delete: (project, id, actor) =>
      order.alone(async () => {
        const channel = found(project, id);
        const routes = ports.routesTo(project, channel.id);
        if (routes.length > 0)
          throw new MusterError('in_use', `routes send to the channel ${id}: ${routes.slice(0, 5).join(', ')}`, {
            hint: 'Delete or change those routes first.',
            details: { routes },
          });
        await commit(channel, storage.channels.remove(project, channel.id), 'channel.deleted', 'was deleted', actor);
      }),
    async test(project, id, signal) {
      const channel = found(project, id);
      const key = `${project} ${channel.id}`;
      // Else tests were a way around the rate of a channel, and a way to keep the hub busy.
      if (testing.has(key)) throw new MusterError('overloaded', `a test of the channel ${channel.id} is under way already`, { hint: 'Wait for its end.' });
      if (testing.size >= TESTS_MAX) throw new MusterError('overloaded', `${TESTS_MAX} tests of channels are under way already`);
      testing.add(key);
      const line = createChannelLine(channel, ports.surroundings);
      const delivery = uuidv7();
      const startedAt = performance.now();
      const result = (delivered: boolean, answer: string, retryable: boolean): ChannelTest => ({
        ...{ delivery, delivered, answer, retryable },
        elapsedMs: Math.round(performance.now() - startedAt),
      });
      try {
        const sender = await line.sender();
        return result(true, await sender.send(testNotification(delivery, project, id, clock()), signal), false);
      } catch (error: unknown) {
        return result(false, messageOf(error), !(error instanceof ChannelError) || error.retryable);
      } finally {
        testing.delete(key);
        await line.stop();
      }
    },
  };
}

function viewOf(channel: Channel): ChannelView {
  return { ...channel, ...visibleConfig(channel.kind, channel.config) };
}

function noChannel(id: string): MusterError {
  return new MusterError('not_found', `there is no channel ${id.slice(0, 130)}`, { hint: 'List them with `muster channel list`.' });
}

function exists(id: string): MusterError {
  return new MusterError('conflict', `there is a channel ${id} already`, { hint: 'Choose another id, or update that one.' });
}
