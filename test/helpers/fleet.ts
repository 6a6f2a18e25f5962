import type { Device } from '../../src/lib/domain/device.ts';
import type { DeviceType } from '../../src/lib/domain/device-type.ts';
import type { DeviceId, DeviceTypeId, PointPath, ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import type { Point } from '../../src/lib/domain/point.ts';

import type { Project } from '../../src/lib/domain/project.ts';

/** Complete domain objects for tests; a test names only what it is about. */
export function aDevice(
  id: string,
  more: Partial<Omit<Device, 'id' | 'project' | 'type' | 'parent'>> & { project?: string; type?: string | null; parent?: string | null } = {},
): Device {
  return {
    name: id,
    kind: 'device',
    state: 'active',
    labels: {},
    aliases: {},
    groups: [],
    createdAt: 0,
    updatedAt: 0,
    ...more,
    id: id as DeviceId,
    project: (more.project ?? 'default') as ProjectId,
    type: (more.type ?? null) as DeviceTypeId | null,
    parent: (more.parent ?? null) as DeviceId | null,
  };
}

export function aPoint(device: string, path: string, series: number, more: Partial<Omit<Point, 'device' | 'path' | 'series'>> = {}): Point {
  return {
    kind: 'measure',
    valueType: 'number',
    unit: null,
    decimals: null,
    min: null,
    max: null,
    description: null,
    retention: null,
    createdAt: 0,
    ...more,
    device: device as DeviceId,
    path: path as PointPath,
    series: series as SeriesId,
  };
}

export function aType(id: string, more: Partial<Omit<DeviceType, 'id' | 'project'>> & { project?: string } = {}): DeviceType {
  return {
    mode: 'strict',
    description: null,
    points: [],
    configSchema: null,
    createdAt: 0,
    updatedAt: 0,
    ...more,
    id: id as DeviceTypeId,
    project: (more.project ?? 'default') as ProjectId,
  };
}

export function aProject(id = 'default'): Project {
  return { id: id as ProjectId, description: null, createdAt: 1, retention: null };
}
