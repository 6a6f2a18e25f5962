import type { Device } from '../domain/device.ts';
import type { Actor, EventKind } from '../domain/event.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { EventRecorder } from '../events/event-recorder.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { DeviceChange, Fleet } from '../fleet/fleet.ts';

/** What an operator decides of a device that is on hold. */
export interface Approval {
  /** Into service, changed on the way. Throws not_found, conflict (it is not on hold), invalid. */
  approve(project: ProjectId, id: string, change: Omit<DeviceChange, 'state'>, actor: Actor): Promise<DeviceEntry>;
  /**
   * Never into service: it is deleted with its credential and may come again. `block`: it stays, retired, so that nothing comes under its id again. Throws not_found,
   * conflict (it is not on hold).
   */
  reject(project: ProjectId, id: string, options: { readonly block: boolean; readonly reason: string | null }, actor: Actor): Promise<void>;
}

export interface ApprovalPorts {
  readonly fleet: Pick<Fleet, 'device' | 'updateDevice' | 'deleteDevice'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: () => number;
}

export function createApproval({ fleet, recorder, clock }: ApprovalPorts): Approval {
  return {
    async approve(project, id, change, actor) {
      // The state is looked at where it is changed: of two who decide, one is first.
      const entry = await fleet.updateDevice(project, id, { ...change, state: 'active' }, 'new');
      record('device.approved', entry.device, actor, `device ${entry.device.id} was approved by ${actor}`, { type: entry.device.type });
      return entry;
    },
    async reject(project, id, { block, reason }, actor) {
      const { device } = fleet.device(project, id);
      const why = reason === null ? '' : `: ${reason}`;
      const details = { rejected: true, blocked: block, reason };
      if (block) {
        await fleet.updateDevice(project, id, { state: 'retired' }, 'new');
        record('device.updated', device, actor, `device ${device.id} was rejected by ${actor} and stays out for good${why}`, details);
      } else {
        await fleet.deleteDevice(project, id, 'new');
        record('device.deleted', device, actor, `device ${device.id} was rejected by ${actor}${why}`, details);
      }
    },
  };

  function record(kind: EventKind, { project, id }: Device, actor: Actor, text: string, details: Record<string, string | boolean | null>): void {
    recorder.record({ project, time: clock(), kind, actor, severity: null, device: id, point: null, alarm: null, rule: null, text, details });
  }
}
