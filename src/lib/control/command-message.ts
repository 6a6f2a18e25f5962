import type { Command } from '../domain/command.ts';
import type { JsonValue } from '../domain/value.ts';

/** A command as a device gets it, whatever carries it. */
export interface CommandMessage {
  readonly id: string;
  readonly kind: Command['kind'];
  /** When it was asked, and until when it is worth doing: ms since 1970, by the hub's clock. */
  readonly ts: number;
  readonly expiresAt: number;
  /** Of a set: what is wanted, by point. */
  readonly values?: JsonValue;
  /** Of a call. */
  readonly name?: string | null;
  readonly args?: JsonValue;
  /** Of a configuration. */
  readonly version?: number | null;
  readonly config?: JsonValue;
  /** The rule that asks, if one does. */
  readonly rule?: string;
}

const OF_RULE = 'rule:';

export function messageOfCommand(command: Command): CommandMessage {
  const { id, kind, name, value, version, createdAt: ts, expiresAt, actor } = command;
  const head = { id, kind, ts, expiresAt };
  const tail = actor.startsWith(OF_RULE) ? { rule: actor.slice(OF_RULE.length) } : {};
  if (kind === 'set') return { ...head, values: value, ...tail };
  return kind === 'call' ? { ...head, name, args: value, ...tail } : { ...head, version, config: value, ...tail };
}

export function encodeCommand(command: Command): Uint8Array {
  return Buffer.from(JSON.stringify(messageOfCommand(command)));
}
