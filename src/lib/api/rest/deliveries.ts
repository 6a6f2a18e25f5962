import type { AlarmId, ChannelId } from '../../domain/ids.ts';
import type { OutboxEntry } from '../../domain/notification.ts';
import type { AlarmStorage } from '../../storage/alarm-storage.ts';
import { type Route, route } from '../route.ts';
import { pageOf } from '../schema/common.ts';
import { Delivery, DeliveryQuery } from '../schema/notifications.ts';

export interface DeliveryPorts {
  readonly alarming: AlarmStorage;
}

export function deliveryRoutes({ alarming }: DeliveryPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/deliveries',
      tag: 'notifications',
      summary: 'What was told, or is about to be: one row for each alarm change and channel, the last first',
      description: 'A page may have fewer rows than its limit, and none, before the last one: go on until its cursor is null.',
      permission: 'channel:read',
      query: DeliveryQuery,
      responses: { 200: pageOf(Delivery) },
      async handle({ query, project }) {
        const { channel, alarm, state, limit, cursor } = query;
        const filter = {
          project,
          ...(channel !== undefined && { channel: channel as ChannelId }),
          ...(alarm !== undefined && { alarm: alarm as AlarmId }),
          ...(state !== undefined && { states: Array.isArray(state) ? state : [state] }),
        };
        const page = await alarming.outbox.list(filter, { limit, cursor });
        return { status: 200, body: { items: page.items.map(shown), cursor: page.cursor } };
      },
    }),
  ];
}

function shown({ content, groupKey: _, ...entry }: OutboxEntry): Delivery {
  return { ...entry, title: typeof content.message === 'string' ? content.message : '' };
}
