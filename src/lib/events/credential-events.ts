import type { Device } from '../domain/device.ts';
import type { Actor } from '../domain/event.ts';
import type { NewEvent } from './event-recorder.ts';

interface Made {
  readonly id: string;
  readonly kind: string;
  readonly expiresAt: number | null;
}

export function credentialCreated({ project, id: device }: Device, { id, kind, expiresAt }: Made, actor: Actor, time: number): NewEvent {
  return {
    ...{ project, time, kind: 'credential.created', actor, severity: null, device, point: null, alarm: null, rule: null },
    ...{ text: `a ${kind} of the device ${device} was created by ${actor}`, details: { credential: id, kind, expiresAt } },
  };
}

export function credentialRemoved({ project, id: device }: Device, id: string, actor: Actor, time: number): NewEvent {
  return {
    ...{ project, time, kind: 'credential.removed', actor, severity: null, device, point: null, alarm: null, rule: null },
    ...{ text: `a credential of the device ${device} was removed by ${actor}`, details: { credential: id } },
  };
}
