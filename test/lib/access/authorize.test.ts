import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { authorize } from '../../../src/lib/access/authorize.ts';
import type { Principal, Resource } from '../../../src/lib/access/principal.ts';
import { ACTIONS, type Action, ROLES, type Role } from '../../../src/lib/access/roles.ts';
import type { ClaimId, DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';

const project = fc.constantFrom('', 'one', 'two') as fc.Arbitrary<ProjectId>;
const device = fc.constantFrom('', 'gateway', 'meter', 'other') as fc.Arbitrary<DeviceId>;
const brokenRole = fc.constantFrom('', 'root', 'constructor', '__proto__', 'toString', 'ADMIN') as unknown as fc.Arbitrary<Role>;
const role = fc.oneof(fc.constantFrom(...ROLES), brokenRole);
const action = fc.constantFrom(...ACTIONS);
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.record({ kind: fc.constant('user' as const), id: fc.string(), name: fc.string(), project, role, token: fc.constant(null) }),
  fc.record({ kind: fc.constant('token' as const), id: fc.string(), name: fc.string(), project, role }),
  fc.record({ kind: fc.constant('device' as const), id: device, project }),
  fc.record({ kind: fc.constant('claim' as const), id: fc.string() as fc.Arbitrary<ClaimId>, project }),
  fc.constant({ kind: 'open' as const }),
);
const resource: fc.Arbitrary<Resource> = fc.oneof(fc.record({ project }), fc.record({ project, device, parent: fc.option(device) }));

const ONE = 'one' as ProjectId;
const user = (as: Role): Principal => ({ kind: 'user', id: 'u', name: 'u', project: ONE, role: as, token: null });
const gateway: Principal = { kind: 'device', id: 'gateway' as DeviceId, project: ONE };
const of = (id: string, parent: string | null = null): Resource => ({ project: ONE, device: id as DeviceId, parent: parent as DeviceId | null });

describe('authorize', () => {
  it('lets nothing pass from one project into another', () => {
    fc.assert(
      fc.property(principal, action, resource, (who, what, where) => {
        if (who.kind === 'open' || !authorize(who, what, where).ok) return true;
        return who.project !== '' && who.project === where.project;
      }),
      { numRuns: 2000 },
    );
  });

  it('lets a device touch itself and its children alone, and no collection', () => {
    fc.assert(
      fc.property(principal, action, resource, (who, what, where) => {
        if (who.kind !== 'device' || !authorize(who, what, where).ok) return true;
        return where.device !== undefined && where.device !== '' && (where.device === who.id || where.parent === who.id);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a role that is none of ours, and an action that is none, nothing', () => {
    fc.assert(fc.property(brokenRole, action, (broken, what) => !authorize(user(broken), what, { project: ONE }).ok));
    for (const unknown of ['', 'device:delete', 'constructor', '*']) expect(authorize(user('admin'), unknown as Action, { project: ONE }).ok).toBe(false);
    expect(authorize({ kind: 'root', project: ONE, role: 'admin' } as unknown as Principal, 'device:read', { project: ONE }).ok).toBe(false);
  });

  it('lets a viewer read, an operator run the fleet and an administrator do everything', () => {
    const may = (as: Role, what: Action) => authorize(user(as), what, { project: ONE }).ok;
    expect(ACTIONS.filter((what) => may('viewer', what)).every((what) => what.endsWith(':read'))).toBe(true);
    expect(may('viewer', 'credential:read')).toBe(false);
    expect(may('operator', 'device:write')).toBe(true);
    expect(may('operator', 'user:write')).toBe(false);
    expect(may('operator', 'token:write')).toBe(false);
    expect(ACTIONS.filter((what) => !may('admin', what))).toEqual(['claim:use']);
  });

  it('lets a claim do nothing but claim, and nobody else claim', () => {
    const claim: Principal = { kind: 'claim', id: 'batch' as ClaimId, project: ONE };
    expect(ACTIONS.filter((what) => authorize(claim, what, { project: ONE }).ok)).toEqual(['claim:use']);
    expect(authorize(claim, 'claim:use', { project: 'two' as ProjectId }).ok).toBe(false);
    fc.assert(fc.property(principal, resource, (who, where) => who.kind === 'claim' || !authorize(who, 'claim:use', where).ok));
  });

  it('lets a gateway report and read for itself and its children, and do no more', () => {
    expect(authorize(gateway, 'sample:write', of('gateway')).ok).toBe(true);
    expect(authorize(gateway, 'sample:write', of('meter', 'gateway')).ok).toBe(true);
    expect(authorize(gateway, 'sample:write', of('other', 'meter')).ok).toBe(false);
    expect(ACTIONS.filter((what) => authorize(gateway, what, of('gateway')).ok)).toEqual([
      'device:read',
      'credential:renew',
      'command:read',
      'command:answer',
      'config:read',
      'point:read',
      'sample:read',
      'sample:write',
    ]);
  });

  it('lets a client of an open hub report and nothing more', () => {
    expect(ACTIONS.filter((what) => authorize({ kind: 'open' }, what, of('gateway')).ok)).toEqual(['sample:write']);
  });
});
