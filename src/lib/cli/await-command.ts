import type { Command } from '../api/schema/commands.ts';
import type { HubClient } from '../client/hub-client.ts';
import { COMMAND_WAIT_MAX_MS, isSettled } from '../domain/command.ts';
import { formatDuration } from '../domain/duration.ts';
import { MusterError } from '../errors/muster-error.ts';

/** Waits until the command is settled, or so long. */
export async function awaitCommand(hub: Pick<HubClient, 'commands'>, command: Command, patienceMs: number, now: () => number = Date.now): Promise<Command> {
  const until = now() + patienceMs;
  let latest = command;
  for (let left = patienceMs; left > 0 && !isSettled(latest.state); left = until - now()) {
    latest = await hub.commands.show(command.id, Math.min(left, COMMAND_WAIT_MAX_MS));
  }
  return latest;
}

/** Once it was printed: nothing when the device did it; throws command_rejected, command_expired, command_cancelled, or timed_out when it is not settled. */
export function failUnlessApplied({ id, device, state, reason }: Command, patienceMs: number): void {
  const because = reason === null ? '.' : `: ${reason}.`;
  const details = { command: id, state };
  switch (state) {
    case 'applied':
      return;
    case 'rejected':
      throw new MusterError('command_rejected', `${device} rejected it${because}`, { details });
    case 'expired':
      throw new MusterError('command_expired', `It expired${because}`, { details });
    case 'cancelled':
      throw new MusterError('command_cancelled', `It was cancelled${because}`, { details });
    default: {
      const where = {
        queued: `${device} is not there, or does not listen`,
        sent: `${device} did not acknowledge it`,
        delivered: `${device} has it and did not answer`,
      };
      throw new MusterError('timed_out', `After ${formatDuration(patienceMs)} it is still ${state}: ${where[state]}.`, {
        hint: `It goes on until it expires: \`muster command show ${id} --wait\` waits on, \`muster command cancel ${id}\` takes it back.`,
        details,
      });
    }
  }
}
