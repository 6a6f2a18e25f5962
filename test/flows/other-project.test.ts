import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeToken } from '../../src/lib/access/secrets.ts';
import { apiOf } from '../helpers/api.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';

interface Operation {
  readonly method: string;
  readonly path: string;
}

/** A body that each route takes, as far as it needs one. */
const BODIES: Readonly<Record<string, (thing: (name: string) => string) => unknown>> = {
  'POST /devices/{id}/set': () => ({ values: { mode: 1 } }),
  'POST /devices/{id}/call': () => ({ name: 'x' }),
  'PUT /devices/{id}/config': () => ({ document: { a: 1 } }),
  'PUT /devices/{id}/config/reported': () => ({ config: { a: 1 } }),
  'POST /devices/{id}/commands/{command}/result': () => ({ state: 'applied' }),
  'POST /devices/{id}/certificate/renew': () => ({ csr: 'x' }),
  'PATCH /devices/{id}/points/{path}': () => ({ unit: 'V' }),
  'PATCH /cas/{id}': () => ({ claim: null }),
  'POST /cas/{id}/proof': () => ({ certificate: 'x' }),
  'PUT /cas/{id}/crl': () => ({}),
  'POST /cas/{id}/revocations': () => ({ serial: '01' }),
};
const MISSING: Readonly<Record<string, string>> = { id: 'nothing', path: 'nothing', command: 'nothing', fingerprint: 'nothing', credential: 'nothing' };

describe('what belongs to another project', () => {
  let hub: TestHub;
  let own: ReturnType<typeof apiOf>;
  let others: ReturnType<typeof apiOf>;
  const things: Record<string, string> = {};
  beforeAll(async () => {
    const first = await startHub([], { keep: true });
    await first.stop();
    const { id, token, secretHash } = makeToken('api');
    const database = new DatabaseSync(join(first.dataDirectory, 'system.db'));
    database.prepare("insert into projects (id, created_at) values ('other', 0)").run();
    database.prepare("insert into tokens (id, project, name, role, secret_hash, created_at) values (?, 'other', 'x', 'admin', ?, 0)").run(id, secretHash);
    database.close();
    hub = await first.restart();
    own = apiOf(hub.url, hub.token);
    others = apiOf(hub.url, token);
    expect((await others('GET', '/whoami')).body.project).toBe('other');
    const make = async (path: string, body: object) => {
      const { status, body: made } = await own('POST', path, body);
      expect([path, status, made.detail]).toEqual([path, 201, undefined]);
      return made;
    };
    await make('/types', { id: 'meter', mode: 'open', points: [{ path: 'mode', kind: 'setpoint' }] });
    await make('/groups', { path: 'site/hall', selector: 'site=hall' });
    const device = await make('/devices', { id: 'm1', type: 'meter', credential: 'token', labels: { site: 'hall' }, aliases: { imei: '490154203237518' } });
    things.device = 'm1';
    things.alias = 'imei:490154203237518';
    things.credential = device.credential.id;
    things.command = (await make('/devices/m1/call', { name: 'reboot' })).id;
    things.job = (await make('/jobs', { selector: 'site=hall', call: { name: 'x' }, start: false })).id;
    things.claim = (await make('/claims', { id: 'batch' })).id;
    things.ca = (await make('/cas', { kind: 'own', id: 'root' })).id;
    await own('PUT', '/devices/m1/config', { document: { a: 1 } });
    await make('/provisioning-rules', { id: 'let-in', decision: 'accept' });
    await own('POST', '/manifest-sets/fleet/objects', { add: [{ kind: 'device', name: 'm1' }] });
  });
  afterAll(async () => {
    await hub?.stop();
  });

  /** What the parameters of a path mean, by its first word. */
  const named = (path: string, name: string): string => {
    const root = path.split('/')[1] ?? '';
    const byRoot: Record<string, string> = { types: 'meter', claims: 'batch', cas: 'root', 'provisioning-rules': 'let-in', groups: 'site/hall' };
    if (name === 'id')
      return root === 'devices' ? 'm1' : root === 'commands' ? (things.command ?? '') : root === 'jobs' ? (things.job ?? '') : (byRoot[root] ?? 'nothing');
    if (name === 'path') return root === 'groups' ? 'site/hall' : 'mode';
    return name === 'command' ? (things.command ?? '') : name === 'credential' ? (things.credential ?? '') : 'nothing';
  };

  it('is as unknown as what does not exist, whatever is asked of it by whatever name', async () => {
    const { paths } = (await own('GET', '/openapi.json')).body;
    const operations: Operation[] = Object.entries(paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace(/^\/api\/v1/, '') })),
    );
    const inQuestion = operations.filter(({ path }) => /^\/(devices|types|groups|claims|cas|provisioning-rules|commands|jobs)\/\{/.test(path));
    expect(inQuestion.length).toBeGreaterThan(40);
    const filled = (path: string, value: (name: string) => string) => path.replace(/\{(\w+)\}/g, (_, name: string) => value(name));
    for (const { method, path } of inQuestion) {
      const body = method === 'GET' || method === 'DELETE' ? undefined : (BODIES[`${method} ${path}`]?.(() => '') ?? {});
      const ask = async (target: string) => {
        const { status, body: answer } = await others(method, target, body as object | undefined);
        return { status, code: answer?.code, text: JSON.stringify(answer ?? null) };
      };
      const nothing = await ask(filled(path, (name) => MISSING[name] ?? 'nothing'));
      const ids = path.startsWith('/devices/{id}') ? ['m1', things.alias ?? ''] : [named(path, 'id')];
      for (const id of ids) {
        const theirs = await ask(filled(path, (name) => (name === 'id' ? id : named(path, name))));
        expect({ method, path, id, status: theirs.status, code: theirs.code }).toEqual({ method, path, id, status: nothing.status, code: nothing.code });
        expect(theirs.status).toBeGreaterThanOrEqual(400);
      }
    }
    // All of it is still there.
    expect((await own('GET', '/devices/m1')).status).toBe(200);
    expect((await own('GET', '/groups/site/hall')).body.devices).toBe(1);
    expect((await own('GET', `/commands/${things.command}`)).body.state).toBe('queued');
    expect((await own('GET', '/claims/batch')).body.revokedAt).toBeNull();
  });

  it('is in no list, count, selection, batch or sum', async () => {
    for (const path of [
      '/devices',
      '/types',
      '/groups',
      '/claims',
      '/cas',
      '/provisioning-rules',
      '/commands',
      '/jobs',
      '/certificates',
      '/manifest-sets',
      '/group-rollups',
    ])
      expect([path, (await others('GET', path)).body.items]).toEqual([path, []]);
    for (const query of ['q=m1', 'id=m1', 'alias=imei:490154203237518', 'where=type=="meter"', 'selector=site%3Dhall', 'group=site', 'sort=name'])
      expect([query, (await others('GET', `/devices?${query}`)).body.items]).toEqual([query, []]);
    expect((await others('POST', '/jobs/count', { selector: '' })).body).toEqual({ devices: 0 });
    expect((await others('POST', '/devices/batch/select', { selector: '' })).body.items).toEqual([]);
    for (const name of ['m1', 'imei:490154203237518']) {
      expect((await others('POST', '/devices/batch', { mode: 'update', devices: [{ id: name, name: 'mine' }] })).body.results[0]).toMatchObject({
        status: 'failed',
        code: 'not_found',
      });
      expect((await others('POST', '/devices/batch/delete', { devices: [name] })).body.results[0]).toMatchObject({ status: 'failed', code: 'not_found' });
      expect((await others('GET', `/commands?device=${name}`)).status).toBe(404);
    }
    expect((await others('POST', '/devices/batch', { mode: 'upsert', devices: [{ id: 'm1', name: 'mine' }] })).body.results[0]).toMatchObject({
      status: 'failed',
      code: 'conflict',
    });
    for (const mine of [{ parent: 'm1' }, { type: 'meter' }, { groups: ['site/hall'] }])
      expect([mine, (await others('POST', '/devices/batch', { mode: 'create', devices: [{ id: 'x1', ...mine }] })).body.results[0].status]).toEqual([
        mine,
        'failed',
      ]);
    expect((await others('POST', '/certificates', { device: 'm1', publicKey: 'x' })).status).toBe(404);
    expect((await others('GET', '/manifest-sets/fleet/objects')).body.items).toEqual([]);
    expect((await own('GET', '/devices/m1')).body.name).toBe('m1');
  });
});
