import type { CallRequest, Command, CommandQuery, CommandStreamMessage, CommandStreamQuery, SetRequest } from '../../api/schema/commands.ts';
import type { Connection, Filters, ListOptions } from '../connection.ts';
import { pathOf } from '../hub-url.ts';

export interface CommandResources {
  readonly commands: {
    /** Both answer once it is on disk. */
    set(device: string, request: SetRequest): Promise<Command>;
    call(device: string, request: CallRequest): Promise<Command>;
    /** The last asked first. */
    list(filters?: Filters<CommandQuery>, options?: ListOptions): AsyncGenerator<Command>;
    /** With `waitMs`: once it is settled, or as it is when the time is over. The hub waits a minute at most. */
    show(id: string, waitMs?: number): Promise<Command>;
    /** Changes as they are stored; as `live` of samples. */
    live(query: CommandStreamQuery, signal: AbortSignal): AsyncGenerator<CommandStreamMessage>;
    cancel(id: string): Promise<Command>;
  };
}

export function commandResources(connection: Connection): CommandResources {
  return {
    commands: {
      set: (device, body) => connection.request('POST', `${pathOf('devices', device)}/set`, { body }),
      call: (device, body) => connection.request('POST', `${pathOf('devices', device)}/call`, { body }),
      list: (filters, list) => connection.pages('/commands', filters, list),
      // The wait is the hub's; the time for its answer comes on top.
      show: (id, waitMs = 0) =>
        connection.request('GET', pathOf('commands', id), { query: waitMs === 0 ? {} : { wait: waitMs }, timeoutMs: connection.timeoutMs + waitMs }),
      live: (query, signal) => connection.live('/stream/commands', query, signal),
      cancel: (id) => connection.request('POST', `${pathOf('commands', id)}/cancel`),
    },
  };
}
