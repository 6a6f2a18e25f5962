import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DeviceStatus } from '../../../../src/lib/domain/device.ts';
import type { DeviceType } from '../../../../src/lib/domain/device-type.ts';
import type { DeviceId, DeviceTypeId, PointPath, ProjectId } from '../../../../src/lib/domain/ids.ts';
import type { Statement } from '../../../../src/lib/storage/commit-log.ts';
import { createSystemStore } from '../../../../src/lib/storage/system/create-system-store.ts';
import { openReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import type { CredentialRecord, RejectRecord, TokenRecord, UserRecord } from '../../../../src/lib/storage/system/system-store.ts';
import { aDevice, aPoint, aProject } from '../../../helpers/fleet.ts';
import { SILENT_LOG } from '../../../helpers/silent-log.ts';
import { storedFleet } from '../../../helpers/stored-fleet.ts';
import { startedSystemStore } from '../../../helpers/system-store.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const PROJECT = 'default' as ProjectId;
const METER = 'meter' as DeviceId;

async function started() {
  const system = await startedSystemStore();
  const commit = (...statements: Statement[]) => system.log.commit({ statements });
  await commit(system.projects.insert(aProject()), system.projects.insert(aProject('other')));
  return { system, commit };
}

function aUser(id: string, more: Partial<UserRecord> = {}): UserRecord {
  return { id, project: PROJECT, name: id, role: 'viewer', passwordHash: 'x', disabled: false, createdAt: 1, updatedAt: 1, ...more };
}
function aToken(id: string, more: Partial<TokenRecord> = {}): TokenRecord {
  return { id, project: PROJECT, name: id, role: 'viewer', user: null, secretHash: 'x', createdAt: 1, expiresAt: null, revokedAt: null, ...more };
}
function aCredential(id: string, more: Partial<CredentialRecord> = {}): CredentialRecord {
  return { id, project: PROJECT, device: METER, kind: 'token', secretHash: 'x', createdAt: 1, expiresAt: null, replaces: null, unused: false, ...more };
}
function aReject(id: string, time: number, device: DeviceId | null = METER): RejectRecord {
  return {
    id,
    project: PROJECT,
    device,
    time,
    code: 'undecodable',
    step: 'decode',
    reason: 'no JSON',
    point: null,
    protocol: 'mqtt',
    address: '10.0.0.1',
    topic: 'devices/meter/report',
    payloadBytes: 3,
    payloadHead: '{x}',
  };
}
const aType = (id: string, more: Partial<DeviceType> = {}): DeviceType => ({
  id: id as DeviceTypeId,
  project: PROJECT,
  mode: 'strict',
  configSchema: null,
  description: null,
  points: [
    { path: 'a/b' as PointPath, kind: 'measure', valueType: 'number', unit: '°C', decimals: 1, min: -40, max: 85.5, description: 'outside', retention: '90d' },
  ],
  createdAt: 1,
  updatedAt: 1,
  ...more,
});

describe('the system store', () => {
  it('gives back every record as it was written, after a restart too', async () => {
    const folder = temporaryFolder();
    const first = await startedSystemStore(folder);
    const type = aType('boiler');
    const gateway = aDevice('gateway', { kind: 'gateway', labels: { site: 'Paris', 名: '"\'' }, aliases: { imei: '490154203237518', mac: 'aa:bb' } });
    const meter = aDevice('meter', { type: type.id, parent: gateway.id });
    const points = [
      aPoint('meter', 'a/b', 2 ** 40 + 1, { min: 0, max: 0.1, unit: 'm³', decimals: 3 }),
      aPoint('meter', 'c', 2 ** 40 + 2, { valueType: 'json' }),
    ];
    const status: DeviceStatus = { online: true, connectedAt: 1_700_000_000_000, lastSeenAt: null, lastAddress: '::1', protocol: 'mqtt' };
    await first.log.commit({
      statements: [
        first.projects.insert({ ...aProject(), description: 'x' }),
        first.types.insert(type),
        first.devices.insert(gateway),
        first.devices.insert(meter),
        ...points.map((point) => first.points.ensure(point)),
        first.devices.saveStatus(METER, status),
        first.users.insert(aUser('ann', { role: 'admin', disabled: true })),
        first.tokens.insert(aToken('t', { user: 'ann', expiresAt: 1_800_000_000_000 })),
        first.credentials.insert(aCredential('c', { kind: 'password' })),
        first.rejects.insert(aReject('r', 5)),
      ],
    });
    await first.stop();
    const second = await startedSystemStore(folder);
    expect(await second.projects.all()).toEqual([{ ...aProject(), description: 'x' }]);
    expect(await second.types.all()).toEqual([type]);
    expect(await storedFleet(second)).toEqual({ devices: [gateway, meter], points, statuses: [{ device: 'meter', ...status }] });
    expect(await second.points.highestSeries()).toBe(2 ** 40 + 2);
    expect(await second.users.byName('ann')).toEqual(aUser('ann', { role: 'admin', disabled: true }));
    expect(await second.tokens.byId('t')).toEqual(aToken('t', { user: 'ann', expiresAt: 1_800_000_000_000 }));
    expect(await second.credentials.ofDevice(METER)).toEqual([aCredential('c', { kind: 'password' })]);
    expect(await second.rejects.list(METER, { limit: 10 })).toEqual({ items: [aReject('r', 5)], cursor: null });
  });

  it('gives an alias to one device of a project', async () => {
    const { system, commit } = await started();
    await commit(system.devices.insert(aDevice('a', { aliases: { imei: '1', mac: 'x' } })));
    await commit(system.devices.insert(aDevice('b', { project: 'other' as ProjectId, aliases: { imei: '1' } })));
    const taken = { reason: 'unique', constraint: expect.stringContaining('aliases.') };
    await expect(commit(system.devices.insert(aDevice('c', { aliases: { imei: '1' } })))).rejects.toMatchObject(taken);
    await commit(system.devices.insert(aDevice('c')));
    await expect(commit(system.devices.update(aDevice('c', { aliases: { mac: 'x' } })))).rejects.toMatchObject(taken);
    await commit(system.devices.update(aDevice('a', { aliases: { mac: 'y' } })));
    await commit(system.devices.update(aDevice('c', { aliases: { imei: '1', mac: 'x' } })));
    expect((await storedFleet(system)).devices.map(({ aliases }) => aliases)).toEqual([{ mac: 'y' }, { imei: '1' }, { imei: '1', mac: 'x' }]);
  });

  it('keeps ids of devices unique on the hub, and parents and types within the project', async () => {
    const { system, commit } = await started();
    await commit(system.devices.insert(aDevice('a')), system.types.insert(aType('boiler')));
    await expect(commit(system.devices.insert(aDevice('a', { project: 'other' as ProjectId })))).rejects.toMatchObject({
      reason: 'unique',
      constraint: 'devices.id',
    });
    for (const strange of [{ parent: 'none' as DeviceId }, { project: 'other' as ProjectId, parent: 'a' as DeviceId }, { type: 'none' as DeviceTypeId }]) {
      await expect(commit(system.devices.insert(aDevice('b', strange)))).rejects.toMatchObject({ reason: 'reference', constraint: 'devices' });
    }
    await commit(system.devices.insert(aDevice('b', { parent: 'a' as DeviceId, type: 'boiler' as DeviceTypeId })));
    await expect(commit(...system.devices.remove('a' as DeviceId))).rejects.toMatchObject({ reason: 'reference' });
    await expect(commit(system.types.remove(PROJECT, 'boiler' as DeviceTypeId))).rejects.toMatchObject({ reason: 'reference' });
  });

  it.each([3, 2_001, 20_500])(
    'reads a fleet of %i devices whole and in its order',
    async (count) => {
      const { system, commit } = await started();
      const ids = Array.from({ length: count }, (_, at) => `meter-${String(at).padStart(6, '0')}`);
      for (let from = 0; from < count; from += 1_000) {
        const some = ids.slice(from, from + 1_000);
        await commit(
          ...some.map((id) => system.devices.insert(aDevice(id, { labels: { site: `s-${id}` } }))),
          ...some.flatMap((id, at) =>
            at % 3 === 0 ? [system.points.ensure(aPoint(id, 'b', 2 * (from + at) + 1)), system.points.ensure(aPoint(id, 'a', 2 * (from + at) + 2))] : [],
          ),
          ...some.map((id, at) =>
            system.devices.saveStatus(id as DeviceId, { online: false, connectedAt: null, lastSeenAt: from + at, lastAddress: null, protocol: null }),
          ),
        );
      }
      const { devices, points, statuses } = await storedFleet(system);
      expect(devices).toEqual(ids.map((id) => aDevice(id, { labels: { site: `s-${id}` } })));
      expect(statuses.map(({ device, lastSeenAt }) => [device, lastSeenAt])).toEqual(ids.map((id, at) => [id, at]));
      const withPoints = ids.filter((_, at) => (at % 1_000) % 3 === 0);
      expect(points.map(({ device, path }) => `${device}/${path}`)).toEqual(withPoints.flatMap((id) => [`${id}/a`, `${id}/b`]));
    },
    60_000,
  );

  it('reads a fleet of few devices with very many points in pieces', async () => {
    const { system, commit } = await started();
    const ids = Array.from({ length: 8 }, (_, at) => `plant-${at}`);
    const pointsOfEach = 15_000;
    for (const [number, id] of ids.entries())
      await commit(
        system.devices.insert(aDevice(id)),
        ...Array.from({ length: pointsOfEach }, (_, at) => system.points.ensure(aPoint(id, `p-${at}`, number * pointsOfEach + at + 1))),
      );
    const pieces: { readonly devices: number; readonly points: number; readonly last: string | null }[] = [];
    for await (const { devices, series, last } of system.readFleet().pieces)
      pieces.push({ devices: devices.length, points: series.reduce((sum, own) => sum + own.length, 0), last });
    expect(pieces).toEqual([
      { devices: 4, points: 60_000, last: 'plant-3' },
      { devices: 4, points: 60_000, last: 'plant-7' },
      { devices: 0, points: 0, last: null },
    ]);
  });

  it('removes a device with all that is its own, and never gives its series to another', async () => {
    const { system, commit } = await started();
    await commit(
      system.devices.insert(aDevice('meter', { aliases: { serial: '7' } })),
      system.points.ensure(aPoint('meter', 'a', 10)),
      system.credentials.insert(aCredential('c')),
      system.rejects.insert(aReject('r', 1)),
      system.devices.saveStatus(METER, { online: true, connectedAt: 1, lastSeenAt: 1, lastAddress: null, protocol: null }),
    );
    await commit(...system.devices.remove(METER));
    expect(await storedFleet(system)).toEqual({ devices: [], points: [], statuses: [] });
    expect(await system.points.highestSeries()).toBe(10);
    expect(await system.credentials.byId('c')).toBeNull();
    expect((await system.rejects.listOfProject(PROJECT, { limit: 10 })).items).toEqual([]);
    await commit(system.devices.insert(aDevice('other', { aliases: { serial: '7' } })));
    await expect(commit(...system.devices.remove(METER))).rejects.toMatchObject({ reason: 'stale' });
  });

  it('takes what comes late for a device that went, without harm to the rest of the unit', async () => {
    const { system, commit } = await started();
    const status: DeviceStatus = { online: false, connectedAt: null, lastSeenAt: 1, lastAddress: null, protocol: null };
    await expect(
      commit(system.devices.saveStatus(METER, status), system.rejects.insert(aReject('r', 1)), system.rejects.insert(aReject('s', 1, null))),
    ).resolves.toEqual({
      journalId: null,
      changes: [0, 0, 1],
    });
    await expect(commit(system.points.ensure(aPoint('meter', 'a', 1)))).rejects.toMatchObject({ reason: 'reference' });
  });

  it('ensures a point once, and refuses another series for the same path', async () => {
    const { system, commit } = await started();
    await commit(system.devices.insert(aDevice('meter')));
    const { changes } = await commit(system.points.ensure(aPoint('meter', 'a', 1)), system.points.ensure(aPoint('meter', 'a', 1)));
    expect(changes).toEqual([1, 0]);
    await expect(commit(system.points.ensure(aPoint('meter', 'a', 2)))).rejects.toMatchObject({ reason: 'unique' });
    await commit(system.points.update(aPoint('meter', 'a', 1, { unit: 'K', decimals: 2 })));
    expect((await storedFleet(system)).points).toEqual([aPoint('meter', 'a', 1, { unit: 'K', decimals: 2 })]);
  });

  it('says stale when what is to be changed is not there', async () => {
    const { system, commit } = await started();
    const changes = [
      system.users.update(aUser('none')),
      system.types.update(aType('none')),
      system.devices.update(aDevice('none')),
      system.points.update(aPoint('none', 'a', 99)),
    ];
    for (const change of changes) await expect(commit(change)).rejects.toMatchObject({ reason: 'stale' });
  });

  it('pages rejected messages from the newest, all of them once', async () => {
    const { system, commit } = await started();
    await commit(system.devices.insert(aDevice('meter')));
    // Many have the same time.
    await commit(...Array.from({ length: 95 }, (_, i) => system.rejects.insert(aReject(`r${String(i).padStart(3, '0')}`, Math.floor(i / 10)))));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await system.rejects.list(METER, { limit: 10, cursor: cursor ?? undefined });
      expect(page.items.length).toBeGreaterThan(0);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual(Array.from({ length: 95 }, (_, i) => `r${String(94 - i).padStart(3, '0')}`));
    for (const broken of ['x', '', Buffer.from('1').toString('base64url')])
      await expect(system.rejects.list(METER, { limit: 1, cursor: broken })).rejects.toMatchObject({ code: 'invalid' });
  });

  it('keeps the newest rejected messages of each device, and of each project those without one', async () => {
    const { system, commit } = await started();
    await commit(system.devices.insert(aDevice('meter')), system.devices.insert(aDevice('other')));
    const inserts: Statement[] = [];
    for (let i = 0; i < 20; i++) inserts.push(system.rejects.insert(aReject(`m${i}`, i)), system.rejects.insert(aReject(`n${i}`, i, null)));
    await commit(...inserts, system.rejects.insert(aReject('o', 0, 'other' as DeviceId)));
    await commit(...system.rejects.trim(3));
    const left = (await system.rejects.listOfProject(PROJECT, { limit: 100 })).items.map(({ id }) => id).sort();
    expect(left).toEqual(['m17', 'm18', 'm19', 'n17', 'n18', 'n19', 'o']);
  });

  it('finds nothing under a name that is cut by a NUL, and stores such a text whole', async () => {
    const { system, commit } = await started();
    await commit(system.users.insert(aUser('ann')));
    expect(await system.users.byName('ann\0')).toBeNull();
    expect(await system.users.byName('ann\0x')).toBeNull();
    await commit(system.rejects.insert({ ...aReject('r', 1, null), payloadHead: 'a\0b' }));
    expect((await system.rejects.listOfProject(PROJECT, { limit: 1 })).items[0]?.payloadHead).toBe('a\u2400b');
  });

  it('removes tokens with their user, ended ones by age, and revokes once', async () => {
    const { system, commit } = await started();
    await commit(
      system.users.insert(aUser('ann')),
      system.tokens.insert(aToken('a', { user: 'ann' })),
      system.tokens.insert(aToken('b', { expiresAt: 5 })),
      system.tokens.insert(aToken('c')),
    );
    await commit(system.tokens.revoke('c', 7));
    await commit(system.tokens.revoke('c', 9));
    expect(await system.tokens.byId('c')).toMatchObject({ revokedAt: 7 });
    await commit(system.tokens.removeEnded(PROJECT, 6));
    expect((await system.tokens.list(PROJECT)).map(({ id }) => id)).toEqual(['a', 'c']);
    await commit(system.users.remove('ann'));
    expect(await system.tokens.count(PROJECT)).toBe(1);
  });

  it('reads from the index what it lists', async () => {
    const { system } = await started();
    const { openReadDatabase } = await import('../../../../src/lib/storage/system/database.ts');
    const database = openReadDatabase(system.file);
    const plan = (sql: string) =>
      database
        .all<{ detail: string }>(`explain query plan ${sql}`)
        .map(({ detail }) => detail)
        .join('; ');
    for (const sql of [
      "select * from rejects where device = 'x' and (time, id) < (1, 'a') order by time desc, id desc limit 10",
      "select * from rejects where project = 'x' and (time, id) < (1, 'a') order by time desc, id desc limit 10",
      "select * from credentials where device = 'x' order by created_at, id",
      "select * from tokens where project = 'x'",
      "select * from users where name = 'x'",
    ]) {
      expect(plan(sql)).toMatch(/^SEARCH \w+ USING INDEX/);
    }
    database.close();
  });
});

describe('a system store that is stopped', () => {
  it('leaves everything in its one file, though it was read', async () => {
    const folder = temporaryFolder();
    const system = createSystemStore({ folder, queueMax: 100, journalBytesMax: 1e9, repeatWindowMs: 0, log: SILENT_LOG });
    await system.start();
    await system.log.commit({ statements: [{ sql: "insert into projects (id, created_at) values ('default', 1)", parameters: [] }] });
    expect(await system.projects.all()).toHaveLength(1);
    await system.stop();
    expect(statSync(`${system.file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
    const copy = join(temporaryFolder(), 'system.db');
    copyFileSync(system.file, copy);
    const database = openReadDatabase(copy);
    expect(database.all('select * from projects')).toHaveLength(1);
    database.close();
  });
});
