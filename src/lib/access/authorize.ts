import type { Principal, Resource } from './principal.ts';
import { ACTIONS, type Action, PERMISSIONS, type Role } from './roles.ts';

export type Authorization = { readonly ok: true } | { readonly ok: false; readonly reason: string };

const YES: Authorization = { ok: true };
const KNOWN: ReadonlySet<string> = new Set(ACTIONS);
/** On itself and on the devices behind it; nothing of the project's. */
const OF_DEVICES: ReadonlySet<Action> = new Set([
  'sample:write',
  'sample:read',
  'device:read',
  'point:read',
  'command:read',
  'command:answer',
  'config:read',
  'credential:renew',
]);

/** May this principal do this to this resource? The one place that decides. What is not allowed here is refused. */
export function authorize(principal: Principal, action: Action, resource: Resource): Authorization {
  if (!KNOWN.has(action)) return no(`there is no permission ${String(action)}`);
  switch (principal.kind) {
    case 'user':
    case 'token':
      return ofRole(principal, action, resource);
    case 'device':
      return ofDevice(principal, action, resource);
    case 'claim':
      return action === 'claim:use' && sameProject(principal.project, resource) ? YES : no('a claim registers devices and nothing more');
    case 'open':
      return action === 'sample:write' ? YES : no('a client without credentials may report and nothing more');
    default:
      return no('this kind of principal is unknown');
  }
}

function ofRole({ role, project }: Extract<Principal, { kind: 'user' | 'token' }>, action: Action, resource: Resource): Authorization {
  if (!sameProject(project, resource)) return no('it belongs to another project');
  return permissionsOf(role)?.has(action) ? YES : no(`the role ${String(role)} does not carry the permission ${action}`);
}

function ofDevice({ id, project }: Extract<Principal, { kind: 'device' }>, action: Action, resource: Resource): Authorization {
  if (!sameProject(project, resource)) return no('it belongs to another project');
  if (!OF_DEVICES.has(action)) return no(`a device does not have the permission ${action}`);
  // Ids are never empty; one that is comes from a broken record, and two of those are not the same device.
  const itsOwn = Boolean(id) && Boolean(resource.device) && (resource.device === id || resource.parent === id);
  return itsOwn ? YES : no('a device may touch itself and the devices behind it alone');
}

/** An empty project is a broken record, not a project that two of them share. */
function sameProject(project: string, resource: Resource): boolean {
  return typeof project === 'string' && project !== '' && resource.project === project;
}

/** A role from a damaged database may be any text, `constructor` too. */
function permissionsOf(role: Role): ReadonlySet<Action> | null {
  return Object.hasOwn(PERMISSIONS, role) ? PERMISSIONS[role] : null;
}

function no(reason: string): Authorization {
  return { ok: false, reason };
}
