import { beforeEach, describe, expect, it } from 'vitest';
import { makeToken } from '../../../src/lib/access/secrets.ts';
import type { DeviceId, PointPath, ProjectId } from '../../../src/lib/domain/ids.ts';
import { definitionFor } from '../../../src/lib/fleet/point-definition.ts';
import type { ProvisionDevice, ProvisionItem, ProvisionOptions } from '../../../src/lib/fleet/provision.ts';
import { type StartedFleet, startedFleet } from '../../helpers/started-fleet.ts';
import { storedFleet } from '../../helpers/stored-fleet.ts';

const CREATE: ProvisionOptions = { mode: 'create', check: false };
const UPSERT: ProvisionOptions = { mode: 'upsert', check: false };
const UPDATE: ProvisionOptions = { mode: 'update', check: false };
const other = 'other' as ProjectId;
const item = (id: string, more: Omit<ProvisionDevice, 'id'> = {}): ProvisionItem => ({ device: { id, ...more }, alongside: [] });
const declared = (path: string) => definitionFor(path as PointPath, undefined, { valueType: 'number', unit: null });

describe('provisioning a chunk, on a real database', () => {
  let started: StartedFleet;
  beforeEach(async () => {
    started = await startedFleet();
  });

  const provision = async (items: readonly ProvisionItem[], options: ProvisionOptions, project = started.project) =>
    (await started.fleet.provision(project, items, options)).map((result) => (result.ok ? result.outcome : `${result.error.code}: ${result.error.message}`));
  const stored = async () => new Map((await storedFleet(started.system)).devices.map((device) => [device.id as string, device]));

  it('writes the good rows and says of each bad one why', async () => {
    await started.fleet.createDevice(other, { id: 'theirs', kind: 'device', labels: {}, aliases: {} });
    await started.groups.ensure(started.project, ['paris/hall-2'], 'test');
    expect(
      await provision(
        [
          item('gw-1', { kind: 'gateway' }),
          item('meter-1', { parent: 'gw-1', aliases: { serial: 'S1' }, labels: { site: 'paris' }, groups: ['paris/hall-2'] }),
          item('meter-1'),
          item('meter-2', { aliases: { serial: 'S1' } }),
          item('meter-3', { type: 'nothing' }),
          item('meter-4', { parent: 'gw-2' }),
          item('theirs'),
          item('meter-5', { parent: 'meter-1' }),
        ],
        CREATE,
      ),
    ).toEqual([
      'created',
      'created',
      'conflict: meter-1 stands in the same chunk already',
      'conflict: the alias serial S1 belongs to meter-1',
      'invalid: there is no type nothing',
      'invalid: there is no device gw-2 to be the parent',
      'conflict: a device theirs exists already, perhaps in another project',
      'invalid: meter-1 is no gateway',
    ]);
    expect([...(await stored()).keys()].sort()).toEqual(['gw-1', 'meter-1', 'theirs']);
    expect((await stored()).get('meter-1')).toMatchObject({
      parent: 'gw-1',
      labels: { site: 'paris' },
      groups: ['paris/hall-2'],
      state: 'active',
      kind: 'device',
    });
    expect(started.directory.device('meter-1')?.device).toEqual((await stored()).get('meter-1'));
  });

  it('commits credentials with the devices that it creates, and adds none to those that exist', async () => {
    const { system, project } = started;
    const credential = (device: string) => {
      const { id, secretHash } = makeToken('device');
      return system.credentials.insert({ id, project, device: device as DeviceId, kind: 'token', secretHash, createdAt: 1, expiresAt: null });
    };
    expect(await provision([{ ...item('b1'), alongside: [credential('b1')] }, item('b2')], CREATE)).toEqual(['created', 'created']);
    expect(await provision([{ ...item('b1', { name: 'Boiler' }), alongside: [credential('b1')] }], UPSERT)).toEqual(['updated']);
    expect(await system.credentials.ofDevice('b1' as DeviceId)).toHaveLength(1);
    expect(await system.credentials.ofDevice('b2' as DeviceId)).toHaveLength(0);
  });

  it('writes nothing of a chunk whose transaction is refused', async () => {
    const broken = { ...item('b2'), alongside: [{ sql: 'delete from devices where id = ?', parameters: ['nobody'], mustChange: true }] };
    await expect(started.fleet.provision(started.project, [item('b1'), broken], CREATE)).rejects.toMatchObject({ code: 'conflict' });
    expect(started.directory.device('b1')).toBeUndefined();
    expect((await stored()).size).toBe(0);
    expect(started.directory.devicesTaken(started.project)).toBe(0);
  });

  it('counts a row that created its device before as created, and writes nothing', async () => {
    await provision([item('b1', { name: 'first' })], CREATE);
    const again = { ...item('b1', { name: 'again' }), isRepeated: async () => true };
    expect(await provision([again, item('b2')], CREATE)).toEqual(['created', 'created']);
    expect(await provision([{ ...again, isRepeated: async () => false }], CREATE)).toEqual(['conflict: a device b1 exists already']);
    expect((await stored()).get('b1')?.name).toBe('first');
  });

  it('changes what an upsert names, leaves the rest, and says what changed', async () => {
    await provision([item('gw', { kind: 'gateway' }), item('b1', { labels: { site: 'paris', floor: '2' }, aliases: { serial: 'S1' }, parent: 'gw' })], CREATE);
    const results = await started.fleet.provision(
      started.project,
      [item('b1', { labels: { site: 'rome', floor: null }, parent: null }), item('gw'), item('b2')],
      UPSERT,
    );
    expect(results.map((result) => result.ok && result.outcome)).toEqual(['updated', 'unchanged', 'created']);
    expect(results[0]?.ok && results[0].difference).toEqual({
      parent: { before: 'gw', after: null },
      'label.site': { before: 'paris', after: 'rome' },
      'label.floor': { before: '2', after: null },
    });
    expect((await stored()).get('b1')).toMatchObject({ labels: { site: 'rome' }, aliases: { serial: 'S1' }, parent: null, kind: 'device' });
    expect(started.heard).toEqual(['changed b1']);
  });

  it('writes nothing when it only checks, and counts the rows against each other', async () => {
    await provision([item('b1', { aliases: { serial: 'S1' } })], CREATE);
    const before = await stored();
    expect(
      await provision([item('b1', { aliases: { serial: 'S2' } }), item('b2', { aliases: { serial: 'S1' } }), item('b3', { aliases: { serial: 'S2' } })], {
        mode: 'upsert',
        check: true,
      }),
    ).toEqual(['updated', 'created', 'conflict: the alias serial S2 belongs to b1']);
    expect(await stored()).toEqual(before);
    expect(started.directory.devicesTaken(started.project)).toBe(1);
    expect(started.directory.byAlias(started.project, 'serial', 'S1')?.device.id).toBe('b1');
  });

  it('hands an alias from one device to another within a chunk', async () => {
    await provision([item('b1', { aliases: { serial: 'S1' } })], CREATE);
    expect(await provision([item('b1', { aliases: { serial: null } }), item('b2', { aliases: { serial: 'S1' } })], UPSERT)).toEqual(['updated', 'created']);
    expect(started.directory.byAlias(started.project, 'serial', 'S1')?.device.id).toBe('b2');
  });

  it('updates by id or alias, and tells of those that do not exist', async () => {
    await provision([item('b1', { aliases: { imei: '490154203237518' } })], CREATE);
    expect(await provision([item('imei:490154203237518', { state: 'disabled' }), item('b2', { state: 'disabled' })], UPDATE)).toEqual([
      'updated',
      'not_found: there is no device b2',
    ]);
    expect(started.heard).toEqual(['changed b1', 'closed b1']);
  });

  it('gives new devices the points of their type, and those that change it too', async () => {
    await started.fleet.createType(started.project, { id: 'meter', mode: 'strict', description: null, points: [declared('power'), declared('energy')] });
    expect(await provision([item('m1', { type: 'meter' }), item('m2')], CREATE)).toEqual(['created', 'created']);
    expect(await provision([item('m2', { type: 'meter' })], UPDATE)).toEqual(['updated']);
    expect(started.directory.pointCount(started.project)).toBe(4);
    expect((await storedFleet(started.system)).points).toHaveLength(4);
  });

  it('keeps within the devices and points that a project may have, row by row', async () => {
    started = await startedFleet({ devicesMax: 2, pointsPerProjectMax: 3 });
    await started.fleet.createType(started.project, { id: 'meter', mode: 'strict', description: null, points: [declared('power'), declared('energy')] });
    expect(await provision([item('a', { type: 'meter' }), item('b', { type: 'meter' }), item('b'), item('c')], CREATE)).toEqual([
      'created',
      'limit_reached: the project would have more than 3 points (limits.points-per-project)',
      'created',
      'limit_reached: the project has 2 devices already (limits.devices-per-project)',
    ]);
  });

  it('keeps a gateway one while others are behind it', async () => {
    await provision([item('gw', { kind: 'gateway' }), item('b1', { parent: 'gw' })], CREATE);
    expect(await provision([item('gw', { kind: 'device' })], UPSERT)).toEqual(['in_use: gw is the gateway of 1 devices']);
    expect(await provision([item('g2', { kind: 'gateway', parent: 'gw' }), item('gw', { parent: 'g2' })], UPSERT)).toEqual([
      'created',
      'invalid: g2 is below gw itself',
    ]);
  });

  it('deletes gateways with all that is behind them, and refuses those that something stays behind', async () => {
    await started.fleet.createType(started.project, { id: 'meter', mode: 'strict', description: null, points: [declared('power')] });
    await provision(
      [
        item('site', { kind: 'gateway' }),
        item('gw', { kind: 'gateway', parent: 'site' }),
        item('m1', { parent: 'gw', type: 'meter' }),
        item('gw-2', { kind: 'gateway' }),
        item('m2', { parent: 'gw-2' }),
      ],
      CREATE,
    );
    const remove = async (ids: readonly string[], check: boolean) =>
      (await started.fleet.deleteDevices(started.project, ids, { check })).map((result) => (result.ok ? result.device.id : result.error.message));
    const ids = ['site', 'gw-2', 'gw', 'm1', 'nobody', 'm1'];
    const expected = ['site', 'gw-2 is the gateway of 1 devices', 'gw', 'm1', 'there is no device nobody', 'm1 stands in the same chunk already'];
    expect(await remove(ids, true)).toEqual(expected);
    expect((await stored()).size).toBe(5);
    expect(await remove(ids, false)).toEqual(expected);
    expect([...(await stored()).keys()].sort()).toEqual(['gw-2', 'm2']);
    expect([...started.directory.devices()].map(({ device }) => device.id).sort()).toEqual(['gw-2', 'm2']);
    expect(started.heard).toContain('series 1');
    expect(started.heard.filter((each) => each.startsWith('closed'))).toHaveLength(3);
  });
});
