import { beforeEach, describe, expect, it } from 'vitest';
import type { PointPath, ProjectId, SeriesId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { createFleet, type Fleet } from '../../../src/lib/fleet/fleet.ts';
import { definitionFor } from '../../../src/lib/fleet/point-definition.ts';
import { loadFormats } from '../../../src/lib/formats/registry.ts';
import { createGroupCommit } from '../../../src/lib/ingest/group-commit.ts';
import { createPipeline, type Pipeline } from '../../../src/lib/ingest/pipeline.ts';
import { createRejectJournal } from '../../../src/lib/ingest/reject-journal.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { aProject } from '../../helpers/fleet.ts';
import { storedFleet } from '../../helpers/stored-fleet.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const NOW = 1_763_785_200_000;
const project = 'default' as ProjectId;
const declared = (path: string, more: object = {}) => ({
  ...definitionFor(path as PointPath, undefined, { valueType: 'number', unit: null }),
  ...more,
});
const device = (id: string, more: object = {}) => ({ id, kind: 'device' as const, labels: {}, aliases: {}, ...more });

describe('the fleet, on a real database', () => {
  let system: EmbeddedSystemStore;
  let directory: Directory;
  let fleet: Fleet;
  let pipeline: Pipeline;

  beforeEach(async () => {
    system = await startedSystemStore();
    await system.log.commit({ statements: [system.projects.insert(aProject()), system.projects.insert(aProject('other'))] });
    directory = new Directory();
    let series = 0;
    const allocateSeries = () => ++series as SeriesId;
    fleet = createFleet({
      system,
      directory,
      clock: () => NOW,
      devicesMax: 100,
      pointsPerDeviceMax: 5,
      pointsPerProjectMax: 8,
      allocateSeries,
      settled: (device) => pipeline.settled(device),
      onDeviceClosed: () => undefined,
      onSeriesRemoved: () => undefined,
    });
    pipeline = createPipeline({
      context: {
        directory,
        chooseFormat: await loadFormats(),
        allocateSeries,
        limits: {
          readingsPerMessage: 10,
          pointsPerDevice: 5,
          pointsPerProject: 8,
          valueBytesMax: 100,
          earliestTime: 0,
          futureMaxMs: 1000,
          lateAfterMs: 1000,
        },
      },
      system,
      commit: createGroupCommit(system.log, 10_000, () => undefined),
      rejects: createRejectJournal(system.rejects, 100),
      meter: { answered: () => undefined, failed: () => undefined, limited: () => undefined, repeated: () => undefined, heldBack: () => undefined },
    });
  });

  const report = (id: string, values: object) => {
    const entry = directory.device(id);
    if (!entry) throw new Error('no such device');
    return pipeline.accept({
      device: entry.device,
      principal: { kind: 'open' },
      protocol: 'test',
      address: null,
      topic: null,
      contentType: null,
      payload: Buffer.from(JSON.stringify(values)),
      receivedAt: NOW,
    });
  };
  const rows = async () => (await storedFleet(system)).points.sort((a, b) => a.series - b.series).map(({ device: of, path, series }) => [of, path, series]);
  const known = () => [...directory.devices()].flatMap(({ points }) => [...points.values()].map(({ point }) => [point.device, point.path, point.series]));

  it('never puts two gateways below each other, however close the changes come', async () => {
    for (const id of ['a', 'b', 'c']) await fleet.createDevice(project, { ...device(id), kind: 'gateway' });
    const changes = await Promise.allSettled([fleet.updateDevice(project, 'a', { parent: 'b' }), fleet.updateDevice(project, 'b', { parent: 'a' })]);
    expect(changes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await fleet.updateDevice(project, 'c', { parent: 'a' });
  });

  it('keeps both of two changes that come at once', async () => {
    await fleet.createDevice(project, device('a'));
    await Promise.all([fleet.updateDevice(project, 'a', { labels: { one: '1' } }), fleet.updateDevice(project, 'a', { labels: { two: '2' } })]);
    expect((await storedFleet(system)).devices[0]?.labels).toEqual({ one: '1', two: '2' });
  });

  it('lets one of two creations of the same id or alias win', async () => {
    const same = await Promise.allSettled([fleet.createDevice(project, device('a')), fleet.createDevice(project, device('a'))]);
    expect(same.map((result) => (result.status === 'rejected' ? result.reason.code : 'made')).sort()).toEqual(['conflict', 'made']);
    const alias = (id: string) => fleet.createDevice(project, device(id, { aliases: { mac: '00' } }));
    await Promise.allSettled([alias('b'), alias('c')]);
    expect(directory.deviceCount(project)).toBe(2);
    expect((await storedFleet(system)).devices.map(({ id }) => id)).toContain(fleet.device(project, 'mac:00').device.id);
  });

  it('finds a device by an alias that is the id of a device of another project', async () => {
    await fleet.createDevice('other' as ProjectId, device('imei:1'));
    await fleet.createDevice(project, device('a', { aliases: { imei: '1' } }));
    expect(fleet.device(project, 'imei:1').device.id).toBe('a');
  });

  it.each(['type', 'device'] as const)('takes a first report while the %s gets the same point', async (changed) => {
    await fleet.createType(project, { id: 't', mode: 'open', description: null, points: changed === 'type' ? [] : [declared('x', { unit: 'W' })] });
    await fleet.createDevice(project, device('a', changed === 'type' ? { type: 't' } : {}));
    const change =
      changed === 'type' ? fleet.updateType(project, 't', { points: [declared('x', { unit: 'W' })] }) : fleet.updateDevice(project, 'a', { type: 't' });
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    const outcome = await report('a', { x: 1 });
    await change;
    expect(outcome).toMatchObject({ accepted: 1 });
    const entry = directory.device('a')?.points.get('x');
    expect(entry?.point.unit).toBe('W');
    expect(entry && directory.pointOfSeries(entry.point.series)).toBe(entry);
    expect(await rows()).toEqual(known());
    expect(await report('a', { x: 2 })).toMatchObject({ accepted: 1 });
  });

  it('answers reports of a device that is deleted and made again at full speed, and knows what the disk knows', async () => {
    await fleet.createDevice(project, device('a'));
    const outcomes = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const changes = Promise.all([fleet.deleteDevice(project, 'a'), fleet.createDevice(project, device('a'))]);
      let changing = true;
      void changes.finally(() => (changing = false));
      const reports: Promise<void>[] = [];
      while (changing) {
        const name = `p${reports.length % 3}`;
        if (directory.device('a'))
          reports.push(
            report('a', { [name]: 1 }).then(
              () => void outcomes.add('stored'),
              (error: { code: string }) => void outcomes.add(error.code),
            ),
          );
        await new Promise((done) => setImmediate(done));
      }
      await changes;
      await Promise.all(reports);
      expect(await rows()).toEqual(known().sort(([, , one], [, , other]) => Number(one) - Number(other)));
    }
    outcomes.delete('not_found');
    expect([...outcomes]).toEqual(['stored']);
    expect(await report('a', { p0: 1, p1: 1, p2: 1 })).toMatchObject({ accepted: 3 });
  });

  it('changes what the type changed of its devices, and leaves alone what was said of a point itself', async () => {
    await fleet.createType(project, { id: 't', mode: 'open', description: null, points: [declared('x'), declared('y')] });
    await fleet.createDevice(project, device('a', { type: 't' }));
    await fleet.updatePoint(project, 'a', 'x', { unit: 'K' });
    await fleet.updateType(project, 't', { points: [declared('x'), declared('y', { max: 10 })] });
    const points = directory.device('a')?.points;
    expect(points?.get('x')?.point.unit).toBe('K');
    expect(points?.get('y')?.point.max).toBe(10);
    await fleet.createDevice(project, device('b'));
    await report('b', { y: 1 });
    await fleet.updateDevice(project, 'b', { type: 't' });
    expect(directory.device('b')?.points.get('y')?.point.max).toBe(10);
    expect((await storedFleet(system)).points.filter(({ path, max }) => path === 'y' && max === 10)).toHaveLength(2);
  });

  it('gives no device points of its type beyond the limits', async () => {
    const points = ['a', 'b', 'c', 'd'].map((path) => declared(path));
    await fleet.createType(project, { id: 't', mode: 'open', description: null, points });
    await fleet.createDevice(project, device('one', { type: 't' }));
    await fleet.createDevice(project, device('two', { type: 't' }));
    await expect(fleet.createDevice(project, device('three', { type: 't' }))).rejects.toMatchObject({ code: 'limit_reached' });
    await expect(fleet.updateType(project, 't', { points: [...points, declared('e')] })).rejects.toMatchObject({ code: 'limit_reached' });
    expect(directory.pointCount(project)).toBe(8);
  });

  it('makes exactly as many devices as a project may have, however many are asked for at once', async () => {
    const made = await Promise.allSettled(Array.from({ length: 150 }, (_, index) => fleet.createDevice(project, device(`d${index}`))));
    const refused = made.filter((result) => result.status === 'rejected').map(({ reason }) => reason.code);
    expect([directory.deviceCount(project), refused.length, new Set(refused)]).toEqual([100, 50, new Set(['limit_reached'])]);
    await fleet.deleteDevice(project, 'd0');
    await fleet.createDevice(project, device('another'));
    expect(directory.devicesTaken(project)).toBe(100);
  });

  it('gives a project exactly as many points as it may have, while devices and reports bring them at once', async () => {
    await fleet.createType(project, { id: 't', mode: 'open', description: null, points: ['a', 'b', 'c'].map((path) => declared(path)) });
    await fleet.createDevice(project, device('reporter'));
    const creations = [1, 2, 3, 4].map((number) => fleet.createDevice(project, device(`d${number}`, { type: 't' })));
    // Both creations that may pass have promised their points, and are on their way to the disk.
    const reports = ['v', 'w', 'x'].map((path) => new Promise((done) => setImmediate(done)).then(() => report('reporter', { [path]: 1 })));
    const made = (await Promise.allSettled(creations)).filter(({ status }) => status === 'fulfilled').length;
    const taken = (await Promise.all(reports)).reduce((sum, { accepted }) => sum + accepted, 0);
    expect([made, taken]).toEqual([2, 2]);
    expect(directory.pointCount(project)).toBe(8);
    expect(directory.pointsTaken(project)).toBe(8);
    expect(await rows()).toHaveLength(8);
  });

  it('deletes a device when what came before has its answer, and takes nothing more of it', async () => {
    await fleet.createDevice(project, device('a'));
    await report('a', { x: 1 });
    const order: string[] = [];
    const before = report('a', { x: 2 }).then(({ accepted }) => order.push(`stored ${accepted}`));
    const deleted = fleet.deleteDevice(project, 'a').then(() => order.push('deleted'));
    await new Promise((done) => process.nextTick(done));
    await expect(report('a', { x: 3 })).rejects.toMatchObject({ code: 'not_found' });
    await Promise.all([before, deleted]);
    expect(order).toEqual(['stored 1', 'deleted']);
  });

  it('takes reports again of a device whose deletion failed', async () => {
    await fleet.createDevice(project, device('a'));
    const entry = fleet.device(project, 'a');
    const broken = new Error('no answer');
    const settled = pipeline.settled;
    pipeline = { ...pipeline, settled: () => Promise.reject(broken) } as Pipeline;
    await expect(fleet.deleteDevice(project, 'a')).rejects.toBe(broken);
    pipeline = { ...pipeline, settled };
    expect(entry.closing).toBe(false);
    expect(await report('a', { x: 1 })).toMatchObject({ accepted: 1 });
  });

  it('forgets what depends on a device when it goes', async () => {
    await fleet.createDevice(project, { ...device('gateway'), kind: 'gateway' });
    await fleet.createDevice(project, device('child', { parent: 'gateway' }));
    await expect(fleet.deleteDevice(project, 'gateway')).rejects.toMatchObject({ code: 'in_use' });
    const before = directory.revision;
    await fleet.deleteDevice(project, 'child');
    expect(directory.revision).toBeGreaterThan(before);
    await fleet.deleteDevice(project, 'gateway');
    expect([...directory.devices()]).toEqual([]);
  });
});
