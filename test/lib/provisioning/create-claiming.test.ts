import { describe, expect, it } from 'vitest';
import { createAccess } from '../../../src/lib/access/create-access.ts';
import type { Principal } from '../../../src/lib/access/principal.ts';
import { defaultSettings } from '../../../src/lib/config/settings.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { createPresence } from '../../../src/lib/fleet/live-presence.ts';
import { createClaims } from '../../../src/lib/provisioning/claims.ts';
import { createClaiming } from '../../../src/lib/provisioning/create-claiming.ts';
import { createNewIdentities } from '../../../src/lib/provisioning/new-identity.ts';
import { createRequestRate } from '../../../src/lib/provisioning/request-rate.ts';
import { loadProvisioningRules } from '../../../src/lib/provisioning/rules.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedFleet } from '../../helpers/started-fleet.ts';
import { testClock } from '../../helpers/test-clock.ts';

const ONE = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const PROOF = 'a-proof-of-its-own-0001';
const FROM = { protocol: 'http', address: '10.0.0.1' };
const asked = (id: string, proof?: string) => ({ id, aliases: {}, labels: {}, attributes: {}, ...(proof !== undefined && { proof }) });

async function world(closed: () => MusterError | null = () => null) {
  const { system, directory, fleet, groups } = await startedFleet({ groupsMax: 5 });
  const clock = testClock();
  const access = createAccess({ system, directory, settings: defaultSettings(), clock, log: SILENT_LOG });
  const rules = await loadProvisioningRules({ storage: system.claims.rules, log: system.log, clock, rulesMax: 10, unreadable: () => {} });
  const claims = createClaims({ storage: system.claims, log: system.log, clock, claimsMax: 3 });
  const told: string[] = [];
  const identities = createNewIdentities({
    ...{ credentials: access.deviceCredentials, certificates: access.certificates, system, clock },
    repeats: createRequestRate({ perSecond: 1_000, burst: 1_000, clock }),
  });
  const claiming = createClaiming({
    ...{
      storage: system.claims,
      fleet,
      groups,
      directory,
      places: system.credentials,
      presence: createPresence(),
      identities,
      rules,
      clock,
      fallback: 'accept',
      heldMax: 10,
      closed,
    },
    rate: createRequestRate({ perSecond: 1_000, burst: 1_000, clock }),
    recorder: { record: ({ kind, project }) => told.push(`${kind} ${project}`) },
    refusals: { refused: ({ project, code }) => told.push(`refused ${project} ${code}`), stop: () => {} },
  });
  const claimOf = async (project: ProjectId, id: string): Promise<Principal> => {
    const wanted = { id, devicesMax: null, expiresAt: null, addresses: [], type: null, allowed: [], description: null };
    const { token } = await claims.create(project, wanted, 'user:anna');
    const answer = await access.authenticator.bearer(token, null);
    if (!answer.ok) throw new Error(answer.reason);
    return answer.principal;
  };
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => null,
      (error: unknown) => (error instanceof MusterError ? error.code : error),
    );
  return { system, directory, fleet, groups, claims, claiming, rules, access, told, claimOf, codeOf, clock };
}

describe('claims of two projects', () => {
  it('have nothing to do with each other: neither names, nor devices, nor proofs, nor rules', async () => {
    const { claiming, claims, rules, directory, access, claimOf, codeOf, told } = await world();
    const [one, other] = [await claimOf(ONE, 'batch'), await claimOf(OTHER, 'batch')];
    await rules.create(OTHER, 'none', { decision: 'reject' }, 'user:anna');
    const mine = await claiming.claim(one, asked('a', PROOF), FROM);
    expect(directory.device('a')?.device.project).toBe(ONE);
    // The rule of the other project holds there alone, the proof is nobody's there, the id is taken on the whole hub.
    expect(await codeOf(claiming.claim(other, asked('b', PROOF), FROM))).toBe('not_allowed');
    await rules.remove(OTHER, 'none');
    expect(await codeOf(claiming.claim(other, asked('a', PROOF), FROM))).toBe('conflict');
    await claiming.claim(other, asked('b', PROOF), FROM);
    expect(directory.device('b')?.device.project).toBe(OTHER);
    expect((await access.authenticator.bearer(mine.token ?? '', null)).ok).toBe(true);
    expect([(await claims.get(ONE, 'batch')).used, (await claims.get(OTHER, 'batch')).used]).toEqual([1, 1]);
    await claims.revoke(OTHER, 'batch');
    await claiming.claim(one, asked('c'), FROM);
    expect(await codeOf(claims.get(OTHER, 'nobody'))).toBe('not_found');
    expect(told).toContain('refused other not_allowed');
    expect(told.filter((line) => line.startsWith('refused default'))).toEqual([]);
  });
});

describe('a transaction that fails', () => {
  it('leaves neither device, nor credential, nor a place that is taken', async () => {
    const { system, claiming, claims, claimOf, codeOf, directory } = await world();
    const one = await claimOf(ONE, 'batch');
    // A type that does not exist is found out in the transaction's place: nothing of it may stay.
    expect(await codeOf(claiming.claim(one, { ...asked('a', PROOF), type: 'nothing' }, FROM))).toBe('invalid');
    expect(await codeOf(claiming.claim(one, { ...asked('b'), aliases: { imei: '1' } }, FROM))).toBeNull();
    expect(await codeOf(claiming.claim(one, { ...asked('c', PROOF), aliases: { imei: '1' } }, FROM))).toBe('conflict');
    expect([directory.device('a'), directory.device('c')]).toEqual([undefined, undefined]);
    expect((await claims.get(ONE, 'batch')).used).toBe(1);
    expect(await system.claims.byProof(ONE, PROOF)).toBeNull();
    // The proof of a refused request is free.
    expect(await codeOf(claiming.claim(one, asked('c', PROOF), FROM))).toBeNull();
  });

  it('is not even begun while the disk is full', async () => {
    const full = new MusterError('disk_full', 'no room');
    const { claiming, claimOf, codeOf, told } = await world(() => full);
    expect(await codeOf(claiming.claim(await claimOf(ONE, 'batch'), asked('a'), FROM))).toBe('disk_full');
    expect(told).toEqual([]);
    expect(claiming.counts()).toEqual({ accepted: 0, held: 0, repeated: 0, refused: 1 });
  });
});

describe('the claims of a project', () => {
  it('are limited; those that ended give way', async () => {
    const { claims, claimOf, codeOf } = await world();
    for (const id of ['a', 'b', 'c']) await claimOf(ONE, id);
    expect(await codeOf(claimOf(ONE, 'd'))).toBe('limit_reached');
    expect(await codeOf(claimOf(OTHER, 'd'))).toBeNull();
    await claims.revoke(ONE, 'a');
    expect(await codeOf(claimOf(ONE, 'd'))).toBeNull();
    expect((await claims.list(ONE)).map(({ id }) => id)).toEqual(['b', 'c', 'd']);
  });
});

describe('the groups of a provisioning rule', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the hub fills it in.
  const groups = ['${attributes.site}', 'all'];
  const at = (id: string, site: string, proof?: string) => ({ ...asked(id, proof), attributes: { site } });

  it('hold a device, with the reason, where one of them does not exist', async () => {
    const { claiming, claimOf, directory, rules, fleet, groups: tree } = await world();
    const one = await claimOf(ONE, 'batch');
    await tree.create(ONE, { path: 'all' }, 'user:anna');
    await rules.create(ONE, 'sites', { groups }, 'user:anna');
    expect(await claiming.claim(one, at('a', 'paris'), FROM)).toMatchObject({ state: 'new', reason: 'there is no group "paris"' });
    expect(directory.device('a')?.device.groups).toEqual(['all']);
    await tree.create(ONE, { path: 'paris' }, 'user:anna');
    expect(await claiming.claim(one, at('b', 'paris'), FROM)).toMatchObject({ state: 'active', reason: null });
    expect(fleet.device(ONE, 'b').device.groups).toEqual(['all', 'paris']);
  });

  it('are made when the rule says so, until there is no room for more', async () => {
    const { claiming, claimOf, directory, rules, groups: tree, codeOf } = await world();
    const one = await claimOf(ONE, 'batch');
    await rules.create(ONE, 'sites', { groups, createGroups: true }, 'user:anna');
    expect((await claiming.claim(one, at('a', 'france/paris/roof'), FROM)).state).toBe('active');
    expect(directory.device('a')?.device.groups).toEqual(['all', 'france/paris/roof']);
    expect(tree.get(ONE, 'france/paris').path).toBe('france/paris');
    const held = await claiming.claim(one, at('b', 'italy/rome'), FROM);
    expect(held).toMatchObject({ state: 'new', reason: expect.stringContaining('limits.groups-per-project') });
    expect(await codeOf(Promise.resolve().then(() => tree.get(ONE, 'italy')))).toBe('not_found');
    // What is no path can be no group.
    expect(await claiming.claim(one, at('c', 'no such path!'), FROM)).toMatchObject({ state: 'new', reason: expect.stringContaining('"no such path!"') });
  });
});
