import { COMMAND_ANSWERS, type CommandAnswer, type CommandKind } from '../domain/command.ts';
import type { CommandId } from '../domain/ids.ts';
import { parseJsonText } from '../domain/json-text.ts';
import type { JsonValue } from '../domain/value.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { DeviceMessages } from '../ingest/device-messages.ts';
import { type DeviceMessagePorts, takeDeviceLists } from '../ingest/take-device-message.ts';
import type { Answer, Control } from './control.ts';

export interface CommandResultsPorts extends DeviceMessagePorts {
  readonly control: Pick<Control, 'answered'>;
  readonly kind: CommandKind;
  /** limits.value-bytes-max, for what a call gives back. */
  readonly resultBytesMax: number;
}

const RESULTS_MAX = 1_000;
const REASON_CHARACTERS_MAX = 1_000;

/** Results as messages: `{"id", "state": "applied" or "rejected", "reason", "result"}`, or a list of them. */
export function createCommandResults({ control, kind, resultBytesMax, ...ports }: CommandResultsPorts): DeviceMessages {
  return takeDeviceLists(ports, {
    step: 'command',
    read: (payload) => readAnswers(payload, resultBytesMax),
    take: (device, answer) => control.answered(device, kind, answer),
    // Each waits for the disk: together they wait once.
    inOrder: false,
  });
}

/** Throws MusterError `undecodable` or `invalid`. */
function readAnswers(payload: Uint8Array, resultBytesMax: number): readonly Answer[] {
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
