import type { Alarm, AlarmActionResults, AlarmActions, AlarmDetail, AlarmFilter, AlarmQuery, AlarmStats, AlarmStatsQuery } from '../../api/schema/alarms.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface AlarmResources {
  readonly alarms: {
    list(filters?: Filters<AlarmQuery>, options?: ListOptions): AsyncGenerator<Alarm>;
    count(filters?: Omit<AlarmFilter, 'closed'>): Promise<{ count: number }>;
    show(id: string): Promise<AlarmDetail>;
    /** All in one transaction; each is told what became of it. */
    act(actions: AlarmActions): Promise<AlarmActionResults>;
    stats(query?: AlarmStatsQuery): Promise<AlarmStats>;
  };
}

export function alarmResources(connection: Connection): AlarmResources {
  return {
    alarms: {
      list: (filters, list) => connection.pages('/alarms', filters, list),
      count: (query) => connection.request('GET', '/alarms/count', { query }),
      show: (id) => connection.request('GET', pathOf('alarms', id)),
      act: (body) => connection.request('POST', '/alarms/actions', { body }),
      stats: (query) => connection.request('GET', '/alarms/stats', { query }),
    },
  };
}
