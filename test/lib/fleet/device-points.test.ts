import { expect, test } from 'vitest';
import type { Point } from '../../../src/lib/domain/point.ts';
import { DevicePoints } from '../../../src/lib/fleet/device-points.ts';
import type { PointEntry } from '../../../src/lib/fleet/point-entry.ts';

const entryOf = (path: string): PointEntry => ({ point: { path } as Point }) as PointEntry;

test.each([0, 1, 6, 7, 40])('%i points of a device are found, counted and listed as in a map', (count) => {
  const points = new DevicePoints();
  const plain = new Map<string, PointEntry>();
  for (let number = 0; number < count; number++) {
    const entry = entryOf(`p/${number}`);
    points.add(entry);
    plain.set(`p/${number}`, entry);
  }
  const visited: string[] = [];
  points.forEach((_, path) => void visited.push(path));
  expect([...points]).toEqual([...plain]);
  expect([...points.keys()]).toEqual([...plain.keys()]);
  expect([...points.values()]).toEqual([...plain.values()]);
  expect(visited).toEqual([...plain.keys()]);
  expect([points.size, points.has('p/0'), points.has('p/x'), points.get('p/x')]).toEqual([count, count > 0, false, undefined]);
  for (const [path, entry] of plain) expect(points.get(path)).toBe(entry);
});
