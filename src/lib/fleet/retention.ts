import type { DeviceType } from '../domain/device-type.ts';
import type { DeviceId, DeviceTypeId, ProjectId, SeriesId } from '../domain/ids.ts';
import type { Point } from '../domain/point.ts';
import type { Project } from '../domain/project.ts';
import { FOREVER, type Retention, retentionMs } from '../domain/retention.ts';
import type { RetentionRules } from '../storage/sample-store.ts';
import { devicesInTurns } from './devices-in-turns.ts';
import type { DeviceEntry, Directory } from './directory.ts';

/** Where a rule comes from; the first that says something wins: the point itself, its device's type, the project, the hub's setting. */
export const RETENTION_SOURCES = ['point', 'type', 'project', 'setting', 'default'] as const;
export type RetentionSource = (typeof RETENTION_SOURCES)[number];

type Projects = ReadonlyMap<ProjectId, Project>;

export interface EffectiveRetention<Source extends RetentionSource = RetentionSource> {
  readonly retention: Retention;
  readonly source: Source;
}

/** A rule that takes the place of its project's. */
export interface PointRule {
  readonly source: 'point' | 'type';
  /** Id of the device or of the type. */
  readonly of: DeviceId | DeviceTypeId;
  readonly project: ProjectId;
  readonly path: string;
  readonly retention: Retention;
  /** Series that it holds for. */
  readonly series: SeriesId[];
}

/** `days`: what the hub's setting says; null keeps for ever. */
export function retentionOfProject(projects: Projects, project: ProjectId, days: number | null): EffectiveRetention<'project' | 'setting' | 'default'> {
  const own = projects.get(project)?.retention ?? null;
  if (own !== null) return { retention: own, source: 'project' };
  return days === null ? { retention: FOREVER, source: 'default' } : { retention: `${days}d`, source: 'setting' };
}

export function retentionOfPoint(directory: Directory, point: Point, days: number | null): EffectiveRetention {
  if (point.retention !== null) return { retention: point.retention, source: 'point' };
  const device = directory.device(point.device)?.device;
  const type = device === undefined || device.type === null ? undefined : directory.type(device.project, device.type);
  const declared = type?.points.find(({ path }) => path === point.path)?.retention ?? null;
  if (declared !== null) return { retention: declared, source: 'type' };
  return device === undefined ? { retention: FOREVER, source: 'default' } : retentionOfProject(directory.projects, device.project, days);
}

/** The rules of all types and points that say something else than their project. The event loop goes on meanwhile; devices that say nothing are not read. */
export async function pointRules(directory: Directory): Promise<readonly PointRule[]> {
  const rules = new Map<string, PointRule>();
  for (const project of [...directory.projects.keys()]) {
    const ofTypes = declaredBy(directory.typesOf(project));
    for await (const entry of devicesInTurns(directory, project)) {
      if (entry.pointCount === 0 || (ofTypes.size === 0 && !entry.mayHaveRetention())) continue;
      addRules(rules, entry, ofTypes);
    }
  }
  return [...rules.values()];
}

function addRules(rules: Map<string, PointRule>, entry: DeviceEntry, ofTypes: ReadonlyMap<DeviceTypeId, ReadonlyMap<string, Retention>>): void {
  const { id, project, type } = entry.device;
  const declared = type === null ? undefined : ofTypes.get(type);
  if (declared === undefined && !entry.mayHaveRetention()) return;
  for (const { point } of entry.points.values()) {
    const retention = point.retention ?? declared?.get(point.path);
    if (retention === undefined) continue;
    const own = point.retention !== null;
    const of = own || type === null ? id : type;
    const key = JSON.stringify([own, project, of, point.path]);
    let rule = rules.get(key);
    if (rule === undefined) {
      rule = { source: own ? 'point' : 'type', of, project, path: point.path, retention, series: [] };
      rules.set(key, rule);
    }
    rule.series.push(point.series);
  }
}

/** By type and path; types that declare none are left out. */
function declaredBy(types: Iterable<DeviceType>): ReadonlyMap<DeviceTypeId, ReadonlyMap<string, Retention>> {
  const declared = new Map<DeviceTypeId, ReadonlyMap<string, Retention>>();
  for (const { id, points } of types) {
    const own = points.flatMap(({ path, retention }) => (retention === null ? [] : [[path as string, retention] as const]));
    if (own.length > 0) declared.set(id, new Map(own));
  }
  return declared;
}

/** What the sample store has to know, at this moment. */
export function storeRules(projects: Projects, rules: readonly PointRule[], days: number | null, now: number): RetentionRules {
  return {
    projects: [...projects.keys()].flatMap((project) => {
      const before = beforeOf(retentionOfProject(projects, project, days).retention, now);
      return before === null ? [] : [{ project, before }];
    }),
    series: rules.map(({ series, retention }) => ({ series, before: beforeOf(retention, now) })),
  };
}

/** Samples older than this may go, ms since 1970; null: none. */
export function beforeOf(retention: Retention, now: number): number | null {
  const ms = retentionMs(retention);
  return ms === null ? null : now - ms;
}
