import { COMMAND_ANSWERS, type CommandAnswer, type CommandKind } from '../domain/command.ts';
import type { CommandId } from '../domain/ids.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/value.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceEntry, Directory } from '../fleet/directory.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import type { InboundMessage } from '../ingest/inbound-message.ts';
import type { Rejection } from '../ingest/ingest.ts';
import type { RejectJournal } from '../ingest/reject-journal.ts';
import type { CommitLog } from '../storage/commit-log.ts';
import type { Answer, Control } from './control.ts';

export interface CommandResultsPorts {
  readonly control: Pick<Control, 'answered'>;
  readonly kind: CommandKind;
  readonly directory: Directory;
  readonly rejects: Pick<RejectJournal, 'refused'>;
  readonly log: CommitLog;
  /** Why nothing may be added to what is stored at the moment; null: add. */
  readonly closed: () => MusterError | null;
  /** Why the device, or its project, may send no more just now; null: it may. */
  readonly admit: (device: DeviceEntry, message: InboundMessage) => MusterError | null;
  /** limits.value-bytes-max, for what a call gives back. */
  readonly resultBytesMax: number;
}

/** What the same message will be refused for tomorrow as well: it is kept as rejected, and acknowledged. */
const FOR_GOOD: ReadonlySet<ErrorCode> = new Set(['invalid', 'undecodable', 'not_found', 'conflict']);
/** A device that comes back may send what gathered at once, as a list. */
const RESULTS_MAX = 1_000;
const HEAD_BYTES = 256;
const REASON_CHARACTERS_MAX = 1_000;

/** Results as messages: `{"id", "state": "applied" or "rejected", "reason", "result"}`, or a list of them, in their order. */
export function createCommandResults(ports: CommandResultsPorts): DeviceMessages {
  const { control, kind, directory, rejects, log, resultBytesMax } = ports;
  return {
    async accept(message) {
      const closed = ports.closed();
      if (closed !== null) throw closed;
      const { id } = message.device;
      const entry = directory.device(id);
      if (!entry || entry.closing) throw new MusterError('not_found', `there is no device ${id}`);
      const limited = ports.admit(entry, message);
      if (limited !== null) throw limited;
      const rejected: Rejection[] = [];
      const refuse = (code: string, step: string, reason: string) => rejected.push({ code, step, reason, point: null });
      let answers: readonly Answer[] = [];
      try {
        // While it is here: the payload may be a window on what was read from a socket.
        answers = readAnswers(message.payload, resultBytesMax);
      } catch (error: unknown) {
        refuse(error instanceof MusterError ? error.code : 'undecodable', 'decode', messageOf(error));
      }
      const head = { ...message, payload: Uint8Array.from(message.payload.subarray(0, HEAD_BYTES)), payloadBytes: message.payload.length };
      let accepted = 0;
      // All at once: each waits for the disk.
      const outcomes = await Promise.allSettled(answers.map((answer) => control.answered(id, kind, answer)));
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') accepted += 1;
        else {
          const error: unknown = outcome.reason;
          if (!(error instanceof MusterError) || !FOR_GOOD.has(error.code)) throw error;
          refuse(error.code, 'command', error.message);
        }
      }
      entry.rejected += rejected.length;
      const kept = rejected.slice(0, 10).flatMap((each) => rejects.refused(entry, head, each));
      if (kept.length > 0) await log.commit({ statements: kept });
      return { accepted, rejected: rejected.slice(0, 100), rejectedCount: rejected.length };
    },
  };
}

/** Throws MusterError `undecodable` or `invalid`. */
export function readAnswers(payload: Uint8Array, resultBytesMax: number): readonly Answer[] {
  let content: unknown;
  try {
    content = parseJsonText(payload);
  } catch (error: unknown) {
    throw new MusterError('undecodable', `a result is JSON, and this is not: ${messageOf(error)}`, { cause: error });
  }
  const list: readonly unknown[] = Array.isArray(content) ? content : [content];
  if (list.length > RESULTS_MAX) throw new MusterError('invalid', `a message has ${list.length} results; ${RESULTS_MAX} are the most`);
  return list.map((each) => readAnswer(each, resultBytesMax));
}

/** One of them, parsed. Throws MusterError `invalid`. */
export function readAnswer(content: unknown, resultBytesMax: number): Answer {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new MusterError('invalid', 'a result is an object with id and state');
  const { id, state, reason = null, result = null } = content as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || id === '' || id.length > 100)
    throw new MusterError('invalid', 'a result has the `id` of its command', { details: { field: 'id' } });
  if (!(COMMAND_ANSWERS as readonly unknown[]).includes(state))
    throw new MusterError('invalid', `the \`state\` of a result is ${COMMAND_ANSWERS.join(' or ')}`, { details: { field: 'state' } });
  if (reason !== null && typeof reason !== 'string') throw new MusterError('invalid', 'the `reason` of a result is text', { details: { field: 'reason' } });
  const bytes = result === null ? 0 : Buffer.byteLength(JSON.stringify(result));
  const answer = { id: id as CommandId, state: state as CommandAnswer, reason: reason?.slice(0, REASON_CHARACTERS_MAX) ?? null };
  if (bytes <= resultBytesMax) return { ...answer, result: result as JsonValue };
  // What the device did is what counts.
  const note = `the result has ${bytes} bytes and is not kept (limits.value-bytes-max is ${resultBytesMax})`;
  return { ...answer, reason: answer.reason === null ? note : `${answer.reason}; ${note}`, result: null };
}
