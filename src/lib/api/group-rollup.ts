import { displayState } from '../alarms/state/display-state.ts';
import type { RollupAggregate } from '../domain/aggregate.ts';
import type { AlarmRecord } from '../domain/alarm.ts';
import { type Group, pathsTo } from '../domain/group.ts';
import type { ProjectId } from '../domain/ids.ts';
import { SEVERITIES, type Severity } from '../domain/severity.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { Presence } from '../fleet/presence.ts';
import { createTurns } from '../fleet/turns.ts';
import type { Alarms } from '../supervision/supervision.ts';
import { createNumberTally, type NumberTally } from './number-tally.ts';
import type { Rollup } from './schema/groups.ts';

export interface RollupPorts {
  readonly directory: Directory;
  readonly presence: Presence;
  readonly alarms: Pick<Alarms, 'live'>;
  readonly clock: () => number;
}

export interface RollupQuestion {
  readonly points: readonly string[];
  readonly aggregate: RollupAggregate;
  /** Newest values that are older do not count; null: any age. */
  readonly maxAgeMs: number | null;
}

/** undefined: no value yet. null: not the same everywhere, or none. */
type Unit = string | null | undefined;

class Figures {
  devices = 0;
  online = 0;
  readonly alarms: Record<Severity, number> = { critical: 0, major: 0, minor: 0, warning: 0 };
  readonly values: readonly { readonly point: string; readonly tally: NumberTally; unit: Unit }[];

  constructor({ points, aggregate }: RollupQuestion) {
    this.values = points.map((point) => ({ point, tally: createNumberTally(aggregate), unit: undefined }));
  }

  add(other: Figures): void {
    this.devices += other.devices;
    this.online += other.online;
    this.values.forEach((value, index) => {
      const more = other.values[index];
      if (more === undefined) return;
      value.tally.merge(more.tally);
      if (more.unit !== undefined) value.unit = joined(value.unit, more.unit);
    });
  }
}

/**
 * What is in these groups now, all below them included. Devices that are in the same groups are counted once, together, and then added to each of those: a device
 * that is in two groups of one subtree is one device there. Works in turns.
 */
export async function rollUp(
  project: ProjectId,
  groups: readonly Group[],
  question: RollupQuestion,
  { directory, presence, alarms, clock }: RollupPorts,
  signal: AbortSignal,
): Promise<Rollup[]> {
  const turns = createTurns();
  const since = question.maxAgeMs === null ? Number.NEGATIVE_INFINITY : clock() - question.maxAgeMs;
  const figures = new Map<string, Figures>(groups.map(({ path }) => [path, new Figures(question)]));
  for (const { all, devices } of [...directory.groups.memberships(project)]) {
    const wanted = all.flatMap((path) => figures.get(path) ?? []);
    if (wanted.length === 0) continue;
    const together = new Figures(question);
    for (const entry of devices) {
      count(together, entry, presence, since);
      if (!turns.isOver()) continue;
      await turns.next();
      signal.throwIfAborted();
    }
    for (const each of wanted) each.add(together);
  }
  for (const record of alarms.live(project)) {
    if (!isTold(record) || record.severity === null) continue;
    for (const path of placesOf(record, directory)) {
      const found = figures.get(path);
      if (found !== undefined) found.alarms[record.severity] += 1;
    }
  }
  return groups.map(({ path, name, level }) => {
    const { devices, online, alarms: counts, values } = figures.get(path) ?? new Figures(question);
    return {
      ...{ path, name, level, devices, online },
      groups: directory.groups.children(project, path).length,
      alarms: Object.fromEntries(SEVERITIES.map((severity) => [severity, counts[severity]])) as Rollup['alarms'],
      values: values.map(({ point, tally, unit }) => ({ point, value: tally.value(), devices: tally.count, unit: unit ?? null })),
    };
  });
}

function count(figures: Figures, device: DeviceEntry, presence: Presence, since: number): void {
  figures.devices += 1;
  if (presence.isOnline(device.id)) figures.online += 1;
  for (const value of figures.values) {
    // Devices without the point are not read.
    if (device.seriesOf(value.point) === undefined) continue;
    const entry = device.points.get(value.point);
    const { latest } = entry ?? {};
    if (entry === undefined || !latest || latest.time < since) continue;
    const number = numberOf(latest.value);
    if (number === null) continue;
    value.tally.add(number);
    value.unit = joined(value.unit, entry.point.unit);
  }
}

/** Booleans count as 0 and 1, as everywhere; text does not. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function joined(known: Unit, more: string | null): string | null {
  return known === undefined || known === more ? more : null;
}

function isTold(record: AlarmRecord): boolean {
  const state = displayState(record);
  return record.active && state !== 'shelved' && state !== 'suppressed' && state !== 'out-of-service';
}

function placesOf({ subject }: AlarmRecord, directory: Directory): readonly string[] {
  if (subject.group !== null) return pathsTo(subject.group);
  const entry = subject.device === null ? undefined : directory.device(subject.device);
  return entry?.membership?.all ?? [];
}
