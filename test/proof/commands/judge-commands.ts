import { isDeepStrictEqual } from 'node:util';
import type { Command } from '../../../src/lib/api/schema/commands.ts';
import { isSettled } from '../../../src/lib/domain/command.ts';
import type { Findings } from '../findings.ts';
import type { HubProcess } from '../hub-process.ts';
import type { AskedDevice, Decision } from './asked-device.ts';
import { type Accepted, type Asking, POINT } from './asking.ts';

/** The newest first. */
export async function commandsOf(hub: HubProcess): Promise<Map<string, Command>> {
  const commands = new Map<string, Command>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body } = await hub.api('GET', `/commands?limit=1000${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    if (status !== 200) throw new Error(`the commands could not be listed: ${status} ${JSON.stringify(body)}`);
    for (const command of body.items as Command[]) commands.set(command.id, command);
    cursor = body.cursor;
  }
  return commands;
}

/** Nothing more will become of it, while all devices are there. */
export function isAtRest({ state }: Command, decision: Decision | undefined): boolean {
  return isSettled(state) || (state === 'delivered' && decision?.said === null);
}

export interface Judged {
  readonly commands: ReadonlyMap<string, Command>;
  readonly asking: Asking;
  readonly devices: readonly AskedDevice[];
  readonly findings: Findings;
}

/** Each accepted command is as its device says, and whatever a device was asked is there. */
export function judgeCommands({ commands, asking, devices, findings }: Judged): void {
  const byId = new Map(devices.map((device) => [device.id, device]));
  for (const wish of asking.accepted.values()) {
    const command = commands.get(wish.id);
    if (command === undefined) findings.add('an accepted command is gone', JSON.stringify(wish));
    else if (command.device !== wish.device || !isDeepStrictEqual(command.value, wish.value)) findings.add('a command is another one', shown(command));
  }
  // Those whose acceptance was lost with the hub as well.
  for (const command of commands.values()) judgeState(command, byId.get(command.device)?.decisions.get(command.id), asking, findings);
  for (const { id, decisions } of devices)
    for (const [command] of decisions) if (!commands.has(command)) findings.add('a device was asked what the hub does not know', `${id}: ${command}`);
  const lost = commands.size - asking.accepted.size - [...commands.values()].filter(({ job }) => job !== null).length;
  if (lost > asking.unanswered()) findings.add('there are more commands than were asked', `${lost} besides those accepted, ${asking.unanswered()} unanswered`);
}

function judgeState(command: Command, decision: Decision | undefined, asking: Asking, findings: Findings): void {
  const wish = asking.accepted.get(command.id);
  const { state } = command;
  const said = decision?.said ?? null;
  const detail = `${shown(command)}, the device: ${JSON.stringify(decision ?? 'never got it')}`;
  if (wish?.cancelled === 'accepted' && state !== 'cancelled') findings.add('a command that was taken back is not', detail);
  if (state === 'applied' || state === 'rejected') {
    const told = { state: said?.state, reason: said?.reason ?? null, result: said?.result ?? null };
    if (!isDeepStrictEqual(told, { state, reason: command.reason, result: command.result ?? null }))
      findings.add('a command is not settled as its device said first', detail);
  } else if (state === 'expired') judgeExpired(command, decision, wish, findings, detail);
  else if (state === 'cancelled') judgeCancelled(command, decision, wish, findings, detail);
  else if (said !== null) findings.add('a command is open although its device answered', detail);
  else if (decision === undefined) findings.add('a command never came to its device, which is there', detail);
}

function judgeExpired(command: Command, decision: Decision | undefined, wish: Accepted | undefined, findings: Findings, detail: string): void {
  if (wish !== undefined && !wish.isShortLived) findings.add('a command expired before its time', detail);
  if (decision?.acknowledgedAt != null && decision.acknowledgedAt < command.expiresAt)
    findings.add('a command expired although it was answered in time', detail);
  if (decision?.acknowledgedAt != null && command.lateAnswer === null) findings.add('an answer that came late is not told', detail);
}

function judgeCancelled(command: Command, decision: Decision | undefined, wish: Accepted | undefined, findings: Findings, detail: string): void {
  const superseded = command.kind === 'set' && command.reason?.startsWith('superseded') === true;
  if (wish !== undefined && wish.cancelled === 'no' && !superseded) findings.add('a command is cancelled that nobody took back', detail);
  if (decision?.acknowledgedAt != null && command.lateAnswer === null) findings.add('an answer that came late is not told', detail);
}

/** The wanted value of a point is that of the newest set. */
export async function judgeWanted(hub: HubProcess, { commands, devices, findings }: Judged): Promise<void> {
  for (const { id } of devices) {
    const newest = [...commands.values()].find(({ device, kind }) => device === id && kind === 'set');
    if (newest === undefined) continue;
    const { body } = await hub.api('GET', `/devices/${id}/points/${POINT}`);
    const { value } = newest as { value: Record<string, unknown> };
    const expected = { value: value[POINT], state: newest.state };
    if (!isDeepStrictEqual({ value: body.wanted?.value, state: body.wanted?.state }, expected))
      findings.add('what is wanted of a point is not the newest set', `${id}: ${JSON.stringify(body.wanted)} instead of ${shown(newest)}`);
  }
}

/** A restart changes nothing of what is settled, and nothing of what is open. */
export function judgeRestarted(before: ReadonlyMap<string, Command>, after: ReadonlyMap<string, Command>, findings: Findings): void {
  if (before.size !== after.size) findings.add('a restart changed the number of commands', `${before.size}, then ${after.size}`);
  for (const [id, command] of before)
    if (!isDeepStrictEqual(command, after.get(id))) findings.add('a restart changed a command', `${shown(command)}, then ${JSON.stringify(after.get(id))}`);
}

const shown = (command: Command): string => JSON.stringify(command);
