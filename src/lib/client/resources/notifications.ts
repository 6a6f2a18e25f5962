import type {
  Channel,
  ChannelCreate,
  ChannelCreated,
  ChannelTest,
  ChannelUpdate,
  Delivery,
  DeliveryQuery,
  Route,
  RouteCreate,
  RouteTest,
  RouteTested,
  RouteUpdate,
} from '../../api/schema/notifications.ts';
import { type Connection, type Filters, type ListOptions, TIMEOUT_MS } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface NotificationResources {
  readonly channels: {
    list(options?: ListOptions): AsyncGenerator<Channel>;
    create(channel: ChannelCreate): Promise<ChannelCreated>;
    show(id: string): Promise<Channel>;
    update(id: string, change: ChannelUpdate): Promise<Channel>;
    delete(id: string): Promise<void>;
    /** Resolves also when the receiver refused. */
    test(id: string): Promise<ChannelTest>;
  };
  readonly routes: {
    list(options?: ListOptions): AsyncGenerator<Route>;
    create(route: RouteCreate): Promise<Route>;
    show(id: string): Promise<Route>;
    update(id: string, change: RouteUpdate): Promise<Route>;
    delete(id: string): Promise<void>;
    test(question: RouteTest): Promise<{ readonly routes: readonly RouteTested[] }>;
  };
  readonly deliveries: { list(filters?: Filters<DeliveryQuery>, options?: ListOptions): AsyncGenerator<Delivery> };
}

/** The longest time of an attempt, and a little. */
const CHANNEL_TEST_MS = 65_000;

export function notificationResources(connection: Connection): NotificationResources {
  return {
    channels: {
      list: (list) => connection.pages('/channels', {}, list),
      create: (body) => connection.request('POST', '/channels', { body }),
      show: (id) => connection.request('GET', pathOf('channels', id)),
      update: (id, body) => connection.request('PATCH', pathOf('channels', id), { body }),
      delete: (id) => connection.request('DELETE', pathOf('channels', id)),
      // An attempt may take its whole time, unless somebody wants to wait less.
      test: (id) => connection.request('POST', `${pathOf('channels', id)}/test`, connection.timeoutMs === TIMEOUT_MS ? { timeoutMs: CHANNEL_TEST_MS } : {}),
    },
    routes: {
      list: (list) => connection.pages('/routes', {}, list),
      create: (body) => connection.request('POST', '/routes', { body }),
      show: (id) => connection.request('GET', pathOf('routes', id)),
      update: (id, body) => connection.request('PATCH', pathOf('routes', id), { body }),
      delete: (id) => connection.request('DELETE', pathOf('routes', id)),
      test: (body) => connection.request('POST', '/routes/test', { body }),
    },
    deliveries: { list: (filters, list) => connection.pages('/deliveries', filters, list) },
  };
}
