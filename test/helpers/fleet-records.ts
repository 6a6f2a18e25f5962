import type { Device } from '../../src/lib/domain/device.ts';
import type { DeviceId, PointPath, ProjectId, SeriesId } from '../../src/lib/domain/ids.ts';
import type { Point } from '../../src/lib/domain/point.ts';
import type { Project } from '../../src/lib/domain/project.ts';

/** Records with ordinary values, of which a test names those that it is about. */
export function aProject(id = 'default'): Project {
  return { id: id as ProjectId, description: null, createdAt: 1 };
}

export function aDevice(id: string, more: Partial<Device> = {}): Device {
  return {
    id: id as DeviceId,
    project: 'default' as ProjectId,
    name: id,
    kind: 'device',
    type: null,
    parent: null,
    state: 'active',
    labels: {},
    aliases: {},
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
    ...more,
  };
}

export function aPoint(device: string, path: string, series: number, more: Partial<Point> = {}): Point {
  return {
    device: device as DeviceId,
    path: path as PointPath,
    series: series as SeriesId,
    kind: 'measure',
    valueType: 'number',
    unit: null,
    decimals: null,
    min: null,
    max: null,
    description: null,
    createdAt: 1_700_000_000_000,
    ...more,
  };
}
