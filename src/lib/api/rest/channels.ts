import { z } from 'zod';
import type { Channels } from '../../notifications/channels.ts';
import { actorOf } from '../actor.ts';
import { readCursor, pageOf as takePage } from '../cursor.ts';
import { type Route, route } from '../route.ts';
import { PageQuery, pageOf } from '../schema/common.ts';
import { Channel, ChannelCreate, ChannelCreated, ChannelTest, ChannelUpdate } from '../schema/notifications.ts';

export interface ChannelPorts {
  readonly channels: Channels;
}

const ById = z.object({ id: z.string().max(200) });

export function channelRoutes({ channels }: ChannelPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/channels',
      tag: 'notifications',
      summary: 'List channels by id; secrets are never shown',
      permission: 'channel:read',
      query: PageQuery,
      responses: { 200: pageOf(Channel) },
      handle({ query, project }) {
        const after = readCursor(query.cursor, ['string'])?.[0];
        const rest = channels.list(project).filter(({ id }) => after === undefined || id > after);
        return {
          status: 200,
          body: takePage(
            rest,
            query.limit,
            ({ id }) => [id],
            (channel) => channel,
          ),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/channels',
      adds: true,
      tag: 'notifications',
      summary: 'Make a channel; secrets that the hub makes are shown this once',
      permission: 'channel:write',
      body: ChannelCreate,
      responses: { 201: ChannelCreated },
      handle: async ({ body, project, principal }) => ({ status: 201, body: await channels.create(project, body, actorOf(principal)) }),
    }),
    route({
      method: 'GET',
      path: '/channels/{id}',
      tag: 'notifications',
      summary: 'Show a channel, without its secrets',
      permission: 'channel:read',
      params: ById,
      responses: { 200: Channel },
      handle: ({ params, project }) => ({ status: 200, body: channels.get(project, params.id) }),
    }),
    route({
      method: 'PATCH',
      path: '/channels/{id}',
      tag: 'notifications',
      summary: 'Change a channel; what waits for one that is disabled is dropped',
      description:
        'A `config` takes the place of the one there is; secrets that it leaves out stay, unless they would go to another receiver. null takes a secret away.',
      permission: 'channel:write',
      params: ById,
      body: ChannelUpdate,
      responses: { 200: Channel },
      handle: async ({ params, body, project, principal }) => ({ status: 200, body: await channels.update(project, params.id, body, actorOf(principal)) }),
    }),
    route({
      method: 'DELETE',
      path: '/channels/{id}',
      tag: 'notifications',
      summary: 'Delete a channel that no route names; what waits for it is dropped',
      permission: 'channel:write',
      params: ById,
      responses: { 204: null },
      async handle({ params, project, principal }) {
        await channels.delete(project, params.id, actorOf(principal));
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/channels/{id}/test',
      tag: 'notifications',
      summary: 'Send a test over a channel and say what the receiver answered',
      description: 'By the code that sends alarms, also over a channel that is disabled. The answer is 200 when the receiver refused too: see `delivered`.',
      permission: 'channel:write',
      params: ById,
      responses: { 200: ChannelTest },
      handle: async ({ params, project, signal }) => ({ status: 200, body: await channels.test(project, params.id, signal) }),
    }),
  ];
}
