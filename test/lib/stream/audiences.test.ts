import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { createAudiences } from '../../../src/lib/stream/audiences.ts';
import { aDevice, aPoint } from '../../helpers/fleet.ts';

interface Watcher {
  readonly site: string;
}

/** Two points on each of four devices; a watcher wants those of a site. */
function watchedFleet() {
  const directory = new Directory();
  const put = (device: number, site: string) => void directory.putDevice(aDevice(`d${device}`, { labels: { site } }));
  for (let device = 0; device < 4; device += 1) put(device, 'x');
  const entries = Array.from({ length: 8 }, (_, index) => directory.putPoint(aPoint(`d${index % 4}`, `p${index}`, index + 1)));
  let asked = 0;
  const audiences = createAudiences<Watcher>(directory, (watcher, _point, device) => {
    asked += 1;
    return device.labels.site === watcher.site;
  });
  return { directory, entries, audiences, put, asked: () => asked };
}

describe('the audiences of points', () => {
  it('asks each watcher once about each point, and those who come later alone', () => {
    const { entries, audiences, asked } = watchedFleet();
    const everybody = () => entries.map((entry) => audiences.of(entry).length);
    for (let count = 0; count < 5; count += 1) audiences.add({ site: count % 2 === 0 ? 'x' : 'y' });
    for (let round = 0; round < 10; round += 1) expect(everybody()).toEqual(Array(8).fill(3));
    expect(asked()).toBe(8 * 5);
    const late = { site: 'x' };
    audiences.add(late);
    expect(everybody()).toEqual(Array(8).fill(4));
    audiences.remove(late);
    audiences.remove(late);
    expect(everybody()).toEqual(Array(8).fill(3));
    expect([asked(), audiences.size]).toEqual([8 * 6, 5]);
  });

  it('says what asking everybody each time would say, whoever comes and goes and whatever changes', () => {
    const site = fc.constantFrom('x', 'y');
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), site }),
      fc.record({ kind: fc.constant('remove' as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant('label' as const), device: fc.nat(3), site }),
      fc.record({ kind: fc.constant('delete' as const), device: fc.nat(3) }),
      fc.record({ kind: fc.constant('look' as const), entry: fc.nat(7) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { directory, entries, audiences, put } = watchedFleet();
        let watchers: Watcher[] = [];
        for (const each of steps) {
          if (each.kind === 'add') {
            const watcher = { site: each.site };
            watchers.push(watcher);
            audiences.add(watcher);
          } else if (each.kind === 'remove') {
            const watcher = watchers[each.which];
            if (watcher) audiences.remove(watcher);
            watchers = watchers.filter((other) => other !== watcher);
          } else if (each.kind === 'label') put(each.device, each.site);
          else if (each.kind === 'delete') directory.removeDevice(`d${each.device}` as DeviceId);
          else {
            const entry = entries[each.entry];
            if (!entry) throw new Error('no such point');
            const device = directory.pointOfSeries(entry.point.series) && directory.device(entry.point.device)?.device;
            expect(new Set(audiences.of(entry))).toEqual(new Set(device ? watchers.filter((watcher) => watcher.site === device.labels.site) : []));
          }
        }
        expect(audiences.size).toBe(watchers.length);
      }),
      { numRuns: 300 },
    );
  });
});
