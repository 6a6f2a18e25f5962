import { formatAge } from '../domain/duration.ts';
import type { DeviceId, ProjectId } from '../domain/ids.ts';
import type { EventRecorder } from './event-recorder.ts';

interface Connection {
  readonly device: DeviceId;
  readonly protocol: string;
  readonly address: string | null;
}

/** Journals who comes and who goes: what presence tells (fleet/live-presence.ts). */
export function recordConnections(ports: {
  readonly recorder: EventRecorder;
  /** null: it is gone. */
  readonly projectOf: (device: DeviceId) => ProjectId | null;
  /** Every connection ends with the hub, and its own event says so. */
  readonly isStopping: () => boolean;
}) {
  const { recorder, projectOf, isStopping } = ports;
  const common = (device: DeviceId, project: ProjectId, time: number) =>
    ({ project, time, actor: `device:${device}`, severity: null, device, point: null, alarm: null, rule: null }) as const;
  return {
    connected({ device, protocol, address }: Connection, at: number): void {
      const project = projectOf(device);
      if (project === null) return;
      const text = `${device} connected over ${protocol}${address === null ? '' : ` from ${address}`}`;
      recorder.record({ ...common(device, project, at), kind: 'device.connected', text, details: { protocol, address } });
    },
    disconnected({ device, protocol, address }: Connection, at: number, reason: string, since: number): void {
      const project = isStopping() ? null : projectOf(device);
      if (project === null) return;
      const lastedMs = Math.max(0, at - since);
      const text = `${device} disconnected after ${formatAge(lastedMs)}: ${reason}`;
      recorder.record({ ...common(device, project, at), kind: 'device.disconnected', text, details: { protocol, address, reason, lastedMs } });
    },
  };
}
