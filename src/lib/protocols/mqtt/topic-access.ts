import type { Principal, Resource } from '../../access/principal.ts';
import type { Action } from '../../access/roles.ts';
import { isInService, outOfServiceReason } from '../../domain/device.ts';
import type { DeviceEntry, Directory } from '../../fleet/directory.ts';

/** The one place that decides over permissions; see src/lib/access. */
export type Authorize = (principal: Principal, action: Action, resource: Resource) => { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface Access {
  readonly directory: Directory;
  readonly authorize: Authorize;
}

/** The topics below `devices/<device>/`. */
const TOPIC_KINDS = [
  'report',
  'alarm',
  'birth',
  'death',
  'set',
  'set/result',
  'call',
  'call/result',
  'config',
  'config/result',
  'renew',
  'renew/result',
  'time',
] as const;
export type TopicKind = (typeof TOPIC_KINDS)[number];
/** What a device writes; its own `death` comes only as its will. */
const FROM_DEVICE: ReadonlySet<string> = new Set<TopicKind>(['report', 'alarm', 'birth', 'set/result', 'call/result', 'config/result', 'renew', 'time']);
const TO_DEVICE: ReadonlySet<string> = new Set<TopicKind>(['set', 'call', 'config', 'renew', 'time']);
const KINDS: ReadonlySet<string> = new Set(TOPIC_KINDS);
const ROOT = 'devices/';

/** Where a client with a claim asks for the identity of its device, and where it hears of it. */
export const CLAIM_REQUEST = 'claim/request';
export const CLAIM_RESPONSE = 'claim/response';

export interface DeviceTopic {
  readonly device: string;
  readonly kind: TopicKind;
}

export type Decision<Allowed> = ({ readonly ok: true } & Allowed) | { readonly ok: false; readonly action: Action; readonly reason: string };

/** `devices/<device>/<kind>`, or null. The device need not exist. */
export function parseDeviceTopic(topic: string): DeviceTopic | null {
  if (!topic.startsWith(ROOT)) return null;
  const slash = topic.indexOf('/', ROOT.length);
  if (slash <= ROOT.length) return null;
  const kind = topic.slice(slash + 1);
  return KINDS.has(kind) ? { device: topic.slice(ROOT.length, slash), kind: kind as TopicKind } : null;
}

/** May this principal publish there? `topic` as parseDeviceTopic gave it. */
export function publishAccess(
  access: Access,
  principal: Principal,
  topic: DeviceTopic | null,
  will: boolean,
): Decision<{ readonly entry: DeviceEntry | null }> {
  if (principal.kind === 'open') return { ok: true, entry: topic === null ? null : (access.directory.device(topic.device) ?? null) };
  if (principal.kind === 'claim') return { ok: false, action: 'claim:use', reason: `a claim publishes to ${CLAIM_REQUEST} and nothing else` };
  const action: Action = 'sample:write';
  if (topic === null) return { ok: false, action, reason: 'no such topic: devices/<device>/report and its siblings are all there is' };
  if (principal.kind === 'device') {
    // Of a device behind it, a gateway may say any time that it is there no more.
    const mayDie = topic.kind === 'death' && (will || topic.device !== principal.id);
    if (!FROM_DEVICE.has(topic.kind) && !mayDie)
      return { ok: false, action, reason: topic.kind === 'death' ? 'death is a last will and nothing else' : `a device does not write to ${topic.kind}` };
  } else if (topic.kind !== 'report') {
    return { ok: false, action, reason: `an application does not write to ${topic.kind}` };
  }
  return onDevice(access, principal, action, topic.device);
}

/** May this principal subscribe to that filter? */
export function subscribeAccess(access: Access, principal: Principal, filter: string): Decision<object> {
  if (principal.kind === 'open') return { ok: true };
  if (principal.kind === 'claim')
    return filter === CLAIM_RESPONSE ? { ok: true } : { ok: false, action: 'claim:use', reason: `a claim subscribes to ${CLAIM_RESPONSE} and nothing else` };
  const action: Action = 'sample:read';
  const [root, device, ...rest] = filter.split('/');
  if (root !== 'devices' || device === undefined) return { ok: false, action, reason: 'only topics below devices/ can be subscribed to' };
  if (principal.kind === 'device') {
    if (!TO_DEVICE.has(rest[0] ?? '')) return { ok: false, action, reason: 'a device subscribes to its own set, call, config, renew/result and time topics' };
    return onDevice(access, principal, action, device);
  }
  if (device === '+' || device === '#') return decide(access, principal, action, { project: principal.project });
  return onDevice(access, principal, action, device);
}

/** May this principal be handed a message on that topic, now? Asked for every delivery. */
export function forwardAccess(access: Access, principal: Principal, topic: string): boolean {
  if (principal.kind === 'open') return true;
  if (principal.kind === 'claim') return topic === CLAIM_RESPONSE;
  if (!topic.startsWith(ROOT)) return false;
  const slash = topic.indexOf('/', ROOT.length);
  if (slash <= ROOT.length) return false;
  const device = topic.slice(ROOT.length, slash);
  if (principal.kind !== 'device') return onDevice(access, principal, 'sample:read', device).ok;
  const next = topic.indexOf('/', slash + 1);
  const kind = next < 0 ? topic.slice(slash + 1) : topic.slice(slash + 1, next);
  return TO_DEVICE.has(kind) && onDevice(access, principal, 'sample:read', device).ok;
}

function onDevice(
  access: Access,
  principal: Exclude<Principal, { kind: 'open' }>,
  action: Action,
  id: string,
): Decision<{ readonly entry: DeviceEntry | null }> {
  const entry = access.directory.device(id);
  // A device of another project is as unknown as one that does not exist.
  if (!entry || entry.device.project !== principal.project) return { ok: false, action, reason: `no device ${id.slice(0, 128)} in this project` };
  if (principal.kind === 'device') {
    const own = access.directory.device(principal.id)?.device.state ?? 'retired';
    if (!isInService(own)) return { ok: false, action, reason: `the device ${outOfServiceReason(own)}` };
    if (!isInService(entry.device.state)) return { ok: false, action, reason: `device ${id} ${outOfServiceReason(entry.device.state)}` };
    // A device acts for itself and for what stands behind it, whatever else its rights may say one day.
    if (entry.device.id !== principal.id && entry.device.parent !== principal.id)
      return { ok: false, action, reason: `${id} is neither this device nor behind it` };
  }
  const decision = decide(access, principal, action, { project: entry.device.project, device: entry.device.id, parent: entry.device.parent });
  return decision.ok ? { ok: true, entry } : decision;
}

function decide(access: Access, principal: Principal, action: Action, resource: Resource): Decision<object> {
  const verdict = access.authorize(principal, action, resource);
  return verdict.ok ? { ok: true } : { ok: false, action, reason: verdict.reason };
}
