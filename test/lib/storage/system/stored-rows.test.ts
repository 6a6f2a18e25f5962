import { describe, expect, it } from 'vitest';
import type { DeviceId, ProjectId, SeriesId } from '../../../../src/lib/domain/ids.ts';
import { Directory } from '../../../../src/lib/fleet/directory.ts';
import { createPresence } from '../../../../src/lib/fleet/live-presence.ts';
import { pointRules } from '../../../../src/lib/fleet/retention.ts';
import { loadDirectory } from '../../../../src/lib/server/load-directory.ts';
import type { Statement } from '../../../../src/lib/storage/commit-log.ts';
import type { SystemStore } from '../../../../src/lib/storage/system/system-store.ts';
import { aDevice, aPoint, aProject } from '../../../helpers/fleet.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';

const PROJECT = 'default' as ProjectId;

describe('a fleet that is read as it is asked for', () => {
  async function loaded(fill: (system: SystemStore) => readonly Statement[]) {
    const system = await startedSystemStore();
    await system.log.commit({ statements: [system.projects.insert(aProject()), ...fill(system)] });
    return { directory: await loadDirectory(system, createPresence()) };
  }

  it('is the one that was put in, device by device, with groups, parents, aliases and points', async () => {
    const devices = [
      aDevice('gw', { kind: 'gateway', name: 'Gateway „1“\n"x"', aliases: { serial: 'S 1', mac: '00' } }),
      aDevice('labelled', { labels: { group: 'a/b', site: 'x' }, parent: 'gw' }),
      aDevice('plain', { parent: 'gw' }),
    ];
    const points = [aPoint('gw', 'b', 7, { unit: '",a,"', min: 0.1 }), aPoint('gw', 'a', 2 ** 40 + 1), aPoint('plain', 'value', 9)];
    const { directory } = await loaded((system) => [
      ...devices.map((device) => system.devices.insert(device)),
      ...points.map((point) => system.points.ensure(point)),
    ]);
    const inserted = new Directory();
    for (const device of devices) inserted.putDevice(device);
    for (const point of points) inserted.putPoint(point);
    const shown = (whole: Directory) => ({
      counts: [whole.deviceCount(PROJECT), whole.pointCount(PROJECT)],
      children: [...whole.children('gw' as DeviceId)],
      aliases: [whole.byAlias(PROJECT, 'serial', 'S 1')?.id, whole.byAlias(PROJECT, 'mac', '01')?.id],
      group: Array.from(whole.groups.devices(PROJECT, 'a'), ({ id }) => id),
      found: [7, 2 ** 40 + 1, 9, 10].map((series) => whole.pointOfSeries(series as SeriesId)?.point.path),
      devices: [...whole.sortedDevices(PROJECT)].map((entry) => ({
        id: entry.id,
        count: entry.pointCount,
        series: ['a', 'b', 'value', 'unit'].map((path) => entry.seriesOf(path)),
        device: entry.device,
        points: Object.fromEntries([...entry.points].map(([path, { point }]) => [path, point])),
      })),
    });
    expect(shown(directory)).toEqual(shown(inserted));
    // Once more, now that all is read.
    expect(shown(directory)).toEqual(shown(inserted));
  });

  it('says so when a row is damaged: at the start what all are found by, the rest when it is asked for', async () => {
    const broken = (column: string) => (system: SystemStore) => [
      ...['a', 'b'].map((id) => system.devices.insert(aDevice(id))),
      { sql: `update devices set ${column} = '{' where id = 'a'`, parameters: [] },
    ];
    await expect(loaded(broken('groups'))).rejects.toMatchObject({ code: 'storage_failed' });
    const { directory } = await loaded(broken('labels'));
    expect(() => directory.device('a')?.device).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    expect(directory.device('b')?.device).toEqual(aDevice('b'));
    // A line end between two tokens would give each device the row of another.
    const lines = (system: SystemStore) => [
      ...broken('labels')(system).slice(0, 2),
      { sql: "update devices set labels = '{' || char(10) || '}'", parameters: [] },
    ];
    await expect(loaded(lines)).rejects.toMatchObject({ code: 'storage_failed' });
  });

  it('tells which points have a retention of their own without reading the others', async () => {
    const { directory } = await loaded((system) => [
      ...['none', 'own', 'quoted', 'bare'].map((id) => system.devices.insert(aDevice(id))),
      // Whoever reads this one finds it damaged.
      { sql: "update devices set labels = '{' where id in ('none', 'bare')", parameters: [] },
      system.points.ensure(aPoint('none', 'x', 1)),
      system.points.ensure(aPoint('none', 'y', 2, { unit: 'K' })),
      system.points.ensure(aPoint('own', 'x', 3)),
      system.points.ensure(aPoint('own', 'y', 4, { retention: '5d' })),
      system.points.ensure(aPoint('quoted', 'x', 5, { description: '["a"]' })),
    ]);
    directory.projects.set(PROJECT, aProject());
    expect(await pointRules(directory)).toEqual([{ source: 'point', of: 'own', project: PROJECT, path: 'y', retention: '5d', series: [4] }]);
    directory.putPoint(aPoint('quoted', 'x', 5, { retention: '6d' }));
    expect((await pointRules(directory)).map(({ of }) => of)).toEqual(['own', 'quoted']);
  });

  it('keeps what changed before it was read', async () => {
    const { directory } = await loaded((system) => [
      system.devices.insert(aDevice('a', { aliases: { serial: '1' } })),
      system.devices.insert(aDevice('b', { aliases: { serial: '2' } })),
      system.points.ensure(aPoint('a', 'x', 1)),
      system.points.ensure(aPoint('b', 'x', 2)),
    ]);
    const entry = directory.putDevice(aDevice('a', { name: 'new', aliases: { serial: '3' } }));
    expect([entry.device.name, entry.pointCount, directory.byAlias(PROJECT, 'serial', '1'), directory.byAlias(PROJECT, 'serial', '3')?.id]).toEqual([
      'new',
      1,
      undefined,
      'a',
    ]);
    directory.putPoint(aPoint('a', 'y', 3));
    expect([[...entry.points.keys()], directory.pointCount(PROJECT)]).toEqual([['x', 'y'], 3]);
    directory.restoreNewest(2 as SeriesId, { time: 5, value: 1.5, quality: 'good', late: false }, 5);
    expect(directory.restoreNewest(99 as SeriesId, { time: 5, value: 1.5, quality: 'good', late: false }, 5)).toBe(false);
    expect(directory.device('b')?.points.get('x')).toMatchObject({ latest: { time: 5, value: 1.5 }, hubTime: 5 });
    directory.removeDevice('b' as DeviceId);
    expect([directory.pointOfSeries(2 as SeriesId), directory.byAlias(PROJECT, 'serial', '2'), directory.pointCount(PROJECT)]).toEqual([
      undefined,
      undefined,
      2,
    ]);
    const again = directory.putDevice(aDevice('b', { aliases: { serial: '1' } }));
    expect([directory.byAlias(PROJECT, 'serial', '1')?.id, again.pointCount, again.points.size]).toEqual(['b', 0, 0]);
  });
});
