import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { DeviceMessages } from './device-messages.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { RejectJournal } from './reject-journal.ts';

export interface DeviceMessagePorts {
  readonly directory: Directory;
  readonly rejects: Pick<RejectJournal, 'refused'>;
  readonly log: Pick<CommitLog, 'commit'>;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
  /** Why the device, or its project, may send no more just now; null: it may. */
  readonly admit: (device: DeviceEntry, message: InboundMessage) => MusterError | null;
}

/** What the same message will be refused for tomorrow as well: it is kept as rejected, and acknowledged. */
const FOR_GOOD: ReadonlySet<ErrorCode> = new Set(['invalid', 'undecodable', 'not_found', 'conflict', 'limit_reached', 'payload_too_large', 'not_allowed']);
const HEAD_BYTES = 256;

/**
 * The way in for messages that say one thing: what holds for each of them, whatever it says. `step` names what read it, among the rejected messages. `take` resolves when what it
 * says is on disk, and has read the payload before it first waits; it throws a MusterError for what cannot be taken.
 */
export function takeDeviceMessages(
  ports: DeviceMessagePorts,
  step: string,
  take: (entry: DeviceEntry, message: InboundMessage) => Promise<unknown>,
): DeviceMessages {
  const { directory, rejects, log } = ports;
  return {
    async accept(message) {
      const closed = ports.closed();
      if (closed !== null) throw closed;
      const { id, project } = message.device;
      const entry = directory.device(id);
      if (!entry || entry.closing || entry.device.project !== project) throw new MusterError('not_found', `there is no device ${id}`);
      const limited = ports.admit(entry, message);
      if (limited !== null) throw limited;
      // While it is here: the payload may be a window on what was read from a socket.
      const head = { ...message, payload: Uint8Array.from(message.payload.subarray(0, HEAD_BYTES)), payloadBytes: message.payload.length };
      try {
        await take(entry, message);
        return { accepted: 1, rejected: [], rejectedCount: 0 };
      } catch (error: unknown) {
        if (!(error instanceof MusterError) || !FOR_GOOD.has(error.code)) throw error;
        const rejection = { code: error.code, step, reason: error.message, point: null };
        entry.rejected += 1;
        const kept = rejects.refused(entry, head, rejection);
        if (kept.length > 0) await log.commit({ statements: kept });
        return { accepted: 0, rejected: [rejection], rejectedCount: 1 };
      }
    },
  };
}
