import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.ts';
import type { Command } from '../domain/command.ts';
import type { Device } from '../domain/device.ts';
import { groupPath } from '../domain/group.ts';
import { selectorMatcher } from '../domain/selector.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { Directory } from '../fleet/directory.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { CommandStream } from '../stream/command-stream.ts';
import { narrowedToGroups, selectorOf } from './read-selector.ts';
import { CommandStreamQuery } from './schema/commands.ts';
import { listOf } from './select-points.ts';
import { type Feed, readQuery, STREAM_MESSAGE_BYTES_MAX } from './stream-socket.ts';

const CHANGES_PER_MESSAGE = 500;

export interface CommandFeedPorts {
  readonly fleet: Pick<Fleet, 'device'>;
  readonly directory: Pick<Directory, 'device' | 'groupsOf'>;
  readonly stream: CommandStream;
}

/** The changes of commands that a request for the stream asks for. Throws invalid, not_found, not_allowed. */
export function subscribeToCommands(
  ports: CommandFeedPorts,
  request: IncomingMessage,
  principal: Exclude<Principal, { kind: 'open' }>,
  onReady: () => void,
): Feed {
  const subscription = ports.stream.subscribe(matcherOf(ports, request, principal), onReady);
  return {
    take() {
      const message = subscription.take(CHANGES_PER_MESSAGE, STREAM_MESSAGE_BYTES_MAX);
      if (message === null) return null;
      return message.type === 'changes' ? `{"type":"changes","changes":[${message.changes.join(',')}]}` : JSON.stringify(message);
    },
    close: () => subscription.close(),
  };
}

function matcherOf(
  { fleet, directory }: CommandFeedPorts,
  request: IncomingMessage,
  principal: Exclude<Principal, { kind: 'open' }>,
): (command: Command) => boolean {
  const { project } = principal;
  const { device, kind, state, job, selector, group } = readQuery(request, CommandStreamQuery);
  const chosen = narrowedToGroups(selector === undefined ? null : selectorOf(selector), listOf(group)?.map(groupPath));
  const isSelected = chosen === null ? null : selectorMatcher(chosen, (each) => directory.groupsOf(each));
  // A device watches itself and the devices behind it, as they are at the moment.
  const isOwn = (each: Device) => principal.kind !== 'device' || each.id === principal.id || each.parent === principal.id;
  const named = listOf(device)?.map((id) => fleet.device(project, id).device);
  const foreign = named?.find((each) => !isOwn(each));
  if (foreign !== undefined) throw new MusterError('not_allowed', `${principal.id} may not watch ${foreign.id}`);
  const [devices, kinds, states] = [named?.map(({ id }) => id), listOf(kind), listOf(state)].map((list) => list && new Set<string>(list));
  const looksAtDevice = isSelected !== null || principal.kind === 'device';
  return (command) => {
    if (command.project !== project) return false;
    if (job !== undefined && command.job !== job) return false;
    if (devices?.has(command.device) === false || kinds?.has(command.kind) === false || states?.has(command.state) === false) return false;
    if (!looksAtDevice) return true;
    const now = directory.device(command.device)?.device;
    return now !== undefined && isOwn(now) && (isSelected?.(now) ?? true);
  };
}
