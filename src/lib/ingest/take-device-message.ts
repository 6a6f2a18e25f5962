import type { DeviceId } from '../domain/ids.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { DeviceMessages } from './device-messages.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { Rejection } from './ingest.ts';
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

/** Rejected messages that are kept of one message, and told to its sender. */
const KEPT_MAX = 10;
const TOLD_MAX = 100;

/**
 * The way in for messages that say one thing: what holds for each of them, whatever it says. `step` names what read it, among the rejected messages. `take` resolves when what it
 * says is on disk, and has read the payload before it first waits; it throws a MusterError for what cannot be taken.
 */
export function takeDeviceMessages(
  ports: DeviceMessagePorts,
  step: string,
  take: (entry: DeviceEntry, message: InboundMessage) => Promise<unknown>,
): DeviceMessages {
  return inFrame(ports, async (entry, message, rejected) => {
    try {
      await take(entry, message);
      return 1;
    } catch (error: unknown) {
      rejected.push({ ...finalRefusal(error), step, point: null });
      return 0;
    }
  });
}

/** Messages that say one thing or a list of them: a device that comes back may send what gathered at once. */
export interface DeviceListPorts<Part> {
  /** What takes them, among the rejected messages; what cannot be read is rejected by `decode`. */
  readonly step: string;
  /** The payload, parsed. Throws. */
  readonly read: (payload: Uint8Array) => readonly Part[];
  /** Resolves when it is on disk; a MusterError says why it cannot be taken. */
  readonly take: (device: DeviceId, part: Part, receivedAt: number) => Promise<unknown>;
  /** The next is not taken before the one before it is on disk. */
  readonly inOrder: boolean;
  readonly pointOf?: (part: Part) => string | null;
}

/** The same for such messages: what cannot be taken is rejected by itself, and the others are taken. */
export function takeDeviceLists<Part>(ports: DeviceMessagePorts, { step, read, take, inOrder, pointOf }: DeviceListPorts<Part>): DeviceMessages {
  return inFrame(ports, async ({ device: { id } }, { payload, receivedAt }, rejected) => {
    let accepted = 0;
    const takePart = async (part: Part): Promise<void> => {
      try {
        await take(id, part, receivedAt);
        accepted += 1;
      } catch (error: unknown) {
        rejected.push({ ...finalRefusal(error), step, point: pointOf?.(part) ?? null });
      }
    };
    const parts = readOrReject(payload, read, rejected);
    if (inOrder) for (const part of parts) await takePart(part);
    else {
      // All of them have ended, whatever became of the first.
      for (const outcome of await Promise.allSettled(parts.map(takePart))) if (outcome.status === 'rejected') throw outcome.reason;
    }
    return accepted;
  });
}

/** What holds for every message: `take` gives how many of what it says were taken, and adds the others to `rejected`. */
function inFrame(ports: DeviceMessagePorts, take: (entry: DeviceEntry, message: InboundMessage, rejected: Rejection[]) => Promise<number>): DeviceMessages {
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
      const rejected: Rejection[] = [];
      const accepted = await take(entry, message, rejected);
      entry.rejected += rejected.length;
      const kept = rejected.slice(0, KEPT_MAX).flatMap((each) => rejects.refused(entry, head, each));
      if (kept.length > 0) await log.commit({ statements: kept });
      return { accepted, rejected: rejected.slice(0, TOLD_MAX), rejectedCount: rejected.length };
    },
  };
}

/** Throws the error again when the same message may be taken later. */
function finalRefusal(error: unknown): Pick<Rejection, 'code' | 'reason'> {
  if (!(error instanceof MusterError) || !FOR_GOOD.has(error.code)) throw error;
  return { code: error.code, reason: error.message };
}

function readOrReject<Part>(payload: Uint8Array, read: (payload: Uint8Array) => readonly Part[], rejected: Rejection[]): readonly Part[] {
  try {
    return read(payload);
  } catch (error: unknown) {
    rejected.push({ code: error instanceof MusterError ? error.code : 'undecodable', step: 'decode', reason: messageOf(error), point: null });
    return [];
  }
}
