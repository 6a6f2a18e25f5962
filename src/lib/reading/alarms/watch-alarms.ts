import type { DisplayState } from '../../alarms/state/display-state.ts';
import type { AlarmFilter } from '../../api/schema/alarms.ts';
import type { EventItem } from '../../api/schema/events.ts';
import type { HubClient } from '../../client/hub-client.ts';
import { MusterError } from '../../errors/muster-error.ts';
import { type AlarmBoard, createAlarmBoard } from './alarm-board.ts';
import { createAlarmScope } from './alarm-scope.ts';
import { followAlarmEvents } from './follow-alarm-events.ts';

export interface WatchOptions {
  /** Which alarms; of its severity they count. */
  readonly filter: AlarmFilter;
  readonly state: readonly DisplayState[];
  /** null: no limit. */
  readonly min: number | null;
  readonly max: number | null;
  /** `throughout`: it must hold all the time. `within`: it must come to hold. */
  readonly mode: 'throughout' | 'within';
  readonly durationMs: number;
  readonly signal: AbortSignal;
  /** For people: what happened to the connection. */
  readonly onNotice: (text: string) => void;
}

export interface Watched {
  readonly holds: boolean;
  readonly count: number;
  /** Over the time that was watched. */
  readonly least: number;
  readonly most: number;
  readonly watchedMs: number;
  /** What made the count what it is, where one event did. */
  readonly by: {
    readonly time: number;
    readonly alarm: string;
    readonly rule: string | null;
    readonly device: string | null;
    readonly point: string | null;
    readonly text: string;
  } | null;
}

/** Counts alarms from now on, by every entry of the journal, until it is decided. Throws `unreachable` when the hub is away at the end: then nobody knows. */
export async function watchAlarms(hub: HubClient, options: WatchOptions): Promise<Watched> {
  const { severity, ...scoped } = options.filter;
  const scope = createAlarmScope(hub, scoped);
  const tally = createTally(options);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let isConnected = false;
  let opened = (): void => undefined;
  const isOpen = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const events = followAlarmEvents(hub, scope.stream, {
    since: null,
    signal,
    onConnected(now) {
      isConnected = now;
      if (now) opened();
    },
  });
  /** What was recorded up to then is in the list. */
  let listedAt = 0;
  const listed = async (): Promise<AlarmBoard> => {
    listedAt = (await hub.time()).time;
    const board = createAlarmBoard({ severity: severity === undefined ? undefined : [severity].flat(), state: options.state });
    for await (const alarm of hub.alarms.list(scoped, { signal: options.signal })) board.put(alarm);
    return board;
  };

  const reading = events.next();
  // It fails where nobody waits for it, when the list fails first.
  reading.catch(() => undefined);
  let wasConnected = true;
  let timer: NodeJS.Timeout | undefined;
  try {
    // The stream is open before the list is asked for: what happens between comes with the stream.
    await Promise.race([isOpen, reading]);
    let board = await listed();
    timer = setTimeout(() => {
      wasConnected = isConnected;
      stop.abort();
    }, options.durationMs);
    if (tally.add(board.count, null)) return tally.result();
    for (let next = await reading; !next.done; next = await events.next()) {
      const event = next.value;
      if (event.type === 'notice') options.onNotice(event.text);
      else if (event.type === 'gap') {
        options.onNotice(`${event.gap.dropped} events were not seen: this command was too slow for them.`);
        board = await listed();
        if (tally.add(board.count, null)) return tally.result();
      } else {
        const { item } = event;
        if (item.recordedAt <= listedAt || item.alarm === null) continue;
        if (!board.has(item.alarm) && !(await scope.matches(item))) continue;
        if (board.apply(item) && tally.add(board.count, item)) return tally.result();
      }
    }
    options.signal.throwIfAborted();
    if (!wasConnected) {
      throw new MusterError('unreachable', 'The hub is away at the end of the time: nobody knows whether it held.', {
        hint: 'Run it again when the hub is back.',
      });
    }
    return tally.result();
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

/** True from `add`: nothing that comes can change the answer. */
function createTally({ min, max, mode }: WatchOptions) {
  const begunAt = performance.now();
  let count = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  let by: Watched['by'] = null;
  const holds = (): boolean => (min === null || count >= min) && (max === null || count <= max);
  return {
    add(now: number, event: EventItem | null): boolean {
      count = now;
      least = Math.min(least, now);
      most = Math.max(most, now);
      by =
        event === null || event.alarm === null
          ? null
          : { time: event.time, alarm: event.alarm, rule: event.rule, device: event.device, point: event.point, text: event.text };
      return holds() === (mode === 'within');
    },
    result: (): Watched => ({ holds: holds(), count, least, most, watchedMs: Math.round(performance.now() - begunAt), by }),
  };
}
