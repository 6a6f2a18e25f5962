import { type Command, isSettled } from '../domain/command.ts';
import type { EventKind } from '../domain/event.ts';
import type { PointPath } from '../domain/ids.ts';
import type { JsonValue } from '../domain/value.ts';
import type { NewEvent } from '../events/event-recorder.ts';

/** A value that is longer stands in the command alone. */
const VALUE_CHARACTERS_MAX = 2_000;
const RULE = 'rule:';

/** A command was asked for. */
export function commandCreated(command: Command): NewEvent {
  return eventOf('command.created', command, command.actor, command.createdAt, `${command.actor} asked ${command.device} to ${wishOf(command)}`);
}

/** A command was settled, or a device said something of one that was; null: of no interest to the journal. */
export function commandSettled(command: Command): NewEvent | null {
  if (!isSettled(command.state)) return null;
  const { device, kind, state, reason, settledAt, createdAt } = command;
  const because = reason === null ? '' : `: ${reason}`;
  const byDevice = state === 'applied' || state === 'rejected';
  const eventKind: EventKind = kind === 'config' && byDevice ? `config.${state}` : (`command.${state}` as EventKind);
  const text = byDevice
    ? `${device} ${state} ${nounOf(command)}${because}`
    : `${nounOf(command)} for ${device} ${state === 'expired' ? 'expired' : 'was cancelled'}${because}`;
  return eventOf(eventKind, command, byDevice ? `device:${device}` : 'hub', settledAt ?? createdAt, text);
}

function eventOf(kind: EventKind, command: Command, actor: string, time: number, text: string): NewEvent {
  const { id, project, device, kind: of, name, value, version, job, state, reason, expiresAt } = command;
  const written = of === 'config' || JSON.stringify(value).length > VALUE_CHARACTERS_MAX ? {} : { value };
  const details: Record<string, JsonValue> = { command: id, kind: of, name, version, job, state, reason, expiresAt, ...written };
  return {
    project,
    time,
    kind,
    actor,
    severity: null,
    device,
    point: of === 'set' && name !== null ? (name as PointPath) : null,
    alarm: null,
    rule: command.actor.startsWith(RULE) ? (command.actor.slice(RULE.length) as NewEvent['rule']) : null,
    text,
    details,
  };
}

function wishOf({ kind, name, value, version }: Command): string {
  if (kind === 'call') return `do ${name ?? ''}`;
  if (kind === 'config') return `take configuration ${version ?? ''}`;
  return name === null ? `set ${Object.keys(value as object).length} points` : `set ${name}`;
}

function nounOf({ kind, name, value, version }: Command): string {
  if (kind === 'call') return `the call ${name ?? ''}`;
  if (kind === 'config') return `configuration ${version ?? ''}`;
  return name === null ? `a set of ${Object.keys(value as object).length} points` : `a set of ${name}`;
}
