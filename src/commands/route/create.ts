import { Args, Flags } from '@oclif/core';
import type { RouteCreate as Body } from '../../lib/api/schema/notifications.ts';
import { readDefinition } from '../../lib/cli/definition-file.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROUTE_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { ROUTE_FLAGS, ROUTE_KEYS, routeParts } from '../../lib/cli/route-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class RouteCreate extends HubCommand<typeof RouteCreate> {
  static override summary = 'Make a route: which alarms go to which channels, and when';
  static override description = `Every route that matches is taken. Without conditions it matches every alarm; all that are given must hold.

A file holds the same as YAML or JSON, with the keys id, enabled, channels, ${ROUTE_KEYS.join(', ')}; flags win over it.`;
  static override args = { route: Args.string({ description: 'Id of the route; without it, that of the file' }) };
  static override flags = {
    ...ROUTE_FLAGS,
    disabled: Flags.boolean({ summary: 'Make it, and tell nobody by it yet' }),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> route create critical --channel pager --severity critical',
    {
      description: 'A dark site is one notification, and minor things wait for the morning:',
      command:
        '<%= config.bin %> route create all --channel mail --group-by rule --group-by parent --quiet 22:00-06:00 --quiet-except-for major+ --timezone Europe/Paris',
    },
    '<%= config.bin %> route create --file route.yaml',
  ];

  async run(): Promise<void> {
    const { file, disabled } = this.flags;
    const base = file === undefined ? {} : ((await readDefinition(file, ['id', 'enabled', 'channels', ...ROUTE_KEYS], this.signal)) as Partial<Body>);
    const id = this.args.route ?? base.id;
    if (id === undefined) throw new MusterError('usage', 'The route has no id.', { hint: 'Give it as the argument, or in the file.' });
    const route = { ...base, ...routeParts(this.flags, base), id } as Partial<Body> & { id: string };
    const { channels } = route;
    if (channels === undefined) throw new MusterError('usage', 'The route has no channel.', { hint: 'Give --channel.' });
    this.checkColumns(ROUTE_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.routes.create({ ...route, channels, ...(disabled ? { enabled: false } : {}) }), ROUTE_COLUMNS);
  }
}
