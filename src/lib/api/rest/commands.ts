import { z } from 'zod';
import { messageOfCommand } from '../../control/command-message.ts';
import { readAnswer } from '../../control/command-results.ts';
import type { CommandFilter, Control, NewCommand } from '../../control/control.ts';
import type { Command as DomainCommand } from '../../domain/command.ts';
import type { CommandId, JobId } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/value.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import type { Presence } from '../../fleet/presence.ts';
import { actorOf } from '../actor.ts';
import { noteDevice } from '../note-device.ts';
import { type Route, type RouteRequest, route } from '../route.ts';
import {
  CallRequest,
  Command,
  CommandFetchQuery,
  CommandPage,
  CommandQuery,
  CommandResult,
  CommandShowQuery,
  CommandStreamMessage,
  CommandStreamQuery,
  DeviceCommands,
  SetRequest,
} from '../schema/commands.ts';
import { listOf } from '../select-points.ts';

export interface CommandPorts {
  readonly control: Control;
  readonly fleet: Fleet;
  readonly presence: Presence;
  readonly clock: () => number;
  /** limits.value-bytes-max */
  readonly valueBytesMax: number;
}

const ByDevice = z.object({ id: z.string().max(200) });
const ById = z.object({ id: z.string().max(100) });
const ByBoth = z.object({ id: z.string().max(200), command: z.string().max(100) });

export function commandRoutes({ control, fleet, presence, clock, valueBytesMax }: CommandPorts): Route[] {
  async function ask({ project, principal }: Pick<RouteRequest<unknown, unknown, unknown>, 'project' | 'principal'>, wish: NewCommand) {
    const [command] = await control.submit(project, [wish], actorOf(principal));
    if (command === undefined) throw new MusterError('internal', 'a command was asked for and none was made');
    return { status: 201, body: renderCommand(command) };
  }

  return [
    route({
      method: 'POST',
      path: '/devices/{id}/set',
      tag: 'commands',
      summary: 'Set parameters and set points of a device',
      description: 'On disk when it is answered; it goes to the device when that is there. Wait for what becomes of it with `GET /commands/{id}?wait=`.',
      permission: 'command:write',
      params: ByDevice,
      body: SetRequest,
      adds: true,
      device: 'id',
      responses: { 201: Command },
      handle: (request) => {
        const { device, body } = request;
        return ask(request, { device: device.device.id, kind: 'set', name: null, value: body.values as JsonValue, expiryMs: body.expiryMs ?? null });
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/call',
      tag: 'commands',
      summary: 'Call something that a device does',
      description: 'On disk when it is answered; it goes to the device when that is there. Wait for what becomes of it with `GET /commands/{id}?wait=`.',
      permission: 'command:write',
      params: ByDevice,
      body: CallRequest,
      adds: true,
      device: 'id',
      responses: { 201: Command },
      handle: (request) => {
        const { device, body } = request;
        const { name, args = null, expiryMs = null } = body;
        return ask(request, { device: device.device.id, kind: 'call', name, value: args as JsonValue, expiryMs });
      },
    }),
    route({
      method: 'GET',
      path: '/commands',
      tag: 'commands',
      summary: 'List commands, the last asked first',
      permission: 'command:read',
      query: CommandQuery,
      responses: { 200: CommandPage },
      async handle({ query, project }) {
        const { device, kind, state, job, limit, cursor } = query;
        const filter: CommandFilter = {
          project,
          ...(device !== undefined && { device: fleet.device(project, device).device.id }),
          ...(kind !== undefined && { kinds: listOf(kind) ?? [] }),
          ...(state !== undefined && { states: listOf(state) ?? [] }),
          ...(job !== undefined && { job: job as JobId }),
        };
        const page = await control.list(filter, { limit, cursor });
        return { status: 200, body: { items: page.items.map(renderCommand), cursor: page.cursor } };
      },
    }),
    route({
      method: 'GET',
      path: '/stream/commands',
      tag: 'commands',
      summary: 'Changes of commands as they are stored (WebSocket)',
      description:
        'As the stream of samples: each text message is a CommandStreamMessage. What changed before, or while nobody listened, is not told; a subscriber that is too slow is told of the gap. `GET /commands` has how each stands.',
      permission: 'command:read',
      query: CommandStreamQuery,
      responses: { 101: CommandStreamMessage, 426: null },
      handle: () => ({ status: 426, headers: { upgrade: 'websocket' } }),
    }),
    route({
      method: 'GET',
      path: '/commands/{id}',
      tag: 'commands',
      summary: 'Show a command; with `wait`, once it is settled or the time is over',
      permission: 'command:read',
      params: ById,
      query: CommandShowQuery,
      responses: { 200: Command },
      async handle({ params, query, project, signal }) {
        const patience = AbortSignal.any([signal, AbortSignal.timeout(query.wait)]);
        return { status: 200, body: renderCommand(await control.settled(project, params.id as CommandId, query.wait === 0 ? AbortSignal.abort() : patience)) };
      },
    }),
    route({
      method: 'POST',
      path: '/commands/{id}/cancel',
      tag: 'commands',
      summary: 'Take a command back. A device that has it may do it all the same',
      permission: 'command:write',
      params: ById,
      responses: { 200: Command },
      async handle({ params, project, principal }) {
        return { status: 200, body: renderCommand(await control.cancel(project, params.id as CommandId, actorOf(principal))) };
      },
    }),
    route({
      method: 'GET',
      path: '/devices/{id}/commands',
      tag: 'commands',
      summary: 'For a device: fetch what is asked of it',
      description:
        'The oldest first, all that is not settled and did not go to it over MQTT, so that an answer that was lost loses nothing: what was given before is given again until its result comes, or is left out with `after`. ' +
        'What was given counts as delivered. With `wait` the answer comes when there is something.',
      permission: 'command:answer',
      params: ByDevice,
      query: CommandFetchQuery,
      device: 'id',
      responses: { 200: DeviceCommands },
      async handle({ device, query, principal, address, signal }) {
        noteDevice(presence, principal, device.device, address, clock());
        const patience = query.wait === 0 ? AbortSignal.abort() : AbortSignal.any([signal, AbortSignal.timeout(query.wait)]);
        const commands = await control.fetch(device.device.id, (query.after as CommandId | undefined) ?? null, patience);
        return { status: 200, body: { items: commands.map(messageOfCommand), time: clock() } };
      },
    }),
    route({
      method: 'POST',
      path: '/devices/{id}/commands/{command}/result',
      tag: 'commands',
      summary: 'For a device: say what became of a command',
      description: 'Said twice, it changes nothing. After the command expired or was cancelled it is noted as `lateAnswer`.',
      permission: 'command:answer',
      params: ByBoth,
      body: CommandResult,
      device: 'id',
      responses: { 200: Command },
      async handle({ device, params, body, principal, address }) {
        noteDevice(presence, principal, device.device, address, clock());
        const answer = readAnswer({ id: params.command, ...body }, valueBytesMax);
        return { status: 200, body: renderCommand(await control.answered(device.device.id, null, answer)) };
      },
    }),
  ];
}

function renderCommand({ project: _project, ...command }: DomainCommand): Command {
  return command;
}
