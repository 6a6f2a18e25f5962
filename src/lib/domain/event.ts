import type { AlarmId, DeviceId, EventId, PointPath, ProjectId, RuleId } from './ids.ts';
import type { Severity } from './severity.ts';
import type { JsonValue } from './value.ts';

/** What happened, as `<noun>.<past participle>`. The order is that of the reference. */
export const EVENT_KINDS = [
  'device.connected',
  'device.disconnected',
  'device.created',
  'device.updated',
  'device.deleted',
  'device.claimed',
  'device.held',
  'device.approved',
  'device.born',
  'device.died',
  'device.clock-wrong',
  'device.clock-right',
  'devices.changed',
  'credential.created',
  'credential.renewed',
  'credential.removed',
  'credential.expiring',
  'ca.created',
  'ca.registered',
  'ca.updated',
  'ca.removed',
  'ca.list-imported',
  'ca.list-outdated',
  'certificate.issued',
  'certificate.renewed',
  'certificate.revoked',
  'certificate.expiring',
  'claim.created',
  'claim.revoked',
  'claim.refused',
  'group.created',
  'group.updated',
  'group.moved',
  'group.deleted',
  'config.changed',
  'config.applied',
  'config.rejected',
  'command.created',
  'command.applied',
  'command.rejected',
  'command.expired',
  'command.cancelled',
  'job.created',
  'job.started',
  'job.paused',
  'job.stopped',
  'job.done',
  'job.cancelled',
  'manifest-set.changed',
  'provisioning-rule.created',
  'provisioning-rule.updated',
  'provisioning-rule.deleted',
  'type.created',
  'type.updated',
  'type.deleted',
  'alarm.raised',
  'alarm.changed',
  'alarm.cleared',
  'alarm.acked',
  'alarm.commented',
  'alarm.assigned',
  'alarm.shelved',
  'alarm.unshelved',
  'alarm.suppressed',
  'alarm.unsuppressed',
  'alarm.reset',
  'alarm.repeated',
  'alarm.out-of-service',
  'alarm.in-service',
  'alarm.closed',
  'rule.created',
  'rule.updated',
  'rule.deleted',
  'rule.enabled',
  'rule.disabled',
  'rule.failed',
  'maintenance.created',
  'maintenance.deleted',
  'channel.created',
  'channel.updated',
  'channel.deleted',
  'route.created',
  'route.updated',
  'route.deleted',
  'notification.delivered',
  'notification.failed',
  'access.granted',
  'access.refused',
  'hub.started',
  'hub.stopped',
  'hub.certificate-replaced',
  'hub.certificate-refused',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Who did it: `user:anna`, `token:ci`, `device:b1`, `rule:boiler-hot`, or `hub`. */
export type Actor = string;

/** One entry of the append-only journal of what happened. Times in ms since 1970. */
export interface HubEvent {
  /** uuid v7: sorts by when it was recorded. */
  readonly id: EventId;
  readonly project: ProjectId;
  /** When it happened, by its own time: for an alarm the time of the sample. */
  readonly time: number;
  readonly recordedAt: number;
  readonly kind: EventKind;
  readonly actor: Actor;
  readonly severity: Severity | null;
  readonly device: DeviceId | null;
  readonly point: PointPath | null;
  readonly alarm: AlarmId | null;
  readonly rule: RuleId | null;
  /** One sentence for people. */
  readonly text: string;
  /** What this kind of event has besides: of an alarm the value, rule version, state before and after, comment. */
  readonly details: { readonly [name: string]: JsonValue };
}
