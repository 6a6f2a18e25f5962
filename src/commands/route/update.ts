import { Args, Flags } from '@oclif/core';
import type { RouteUpdate as Body } from '../../lib/api/schema/notifications.ts';
import { readDefinition } from '../../lib/cli/definition-file.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROUTE_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { ROUTE_FLAGS, ROUTE_KEYS, routeParts } from '../../lib/cli/route-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class RouteUpdate extends HubCommand<typeof RouteUpdate> {
  static override summary = 'Change a route';
  static override description =
    `What is not given stays as it is; a flag takes the place of all that was there of its kind. A --file replaces the route whole, but for whether it is enabled if it does not say.`;
  static override args = { route: Args.string({ description: 'Id of the route', required: true }) };
  static override flags = {
    ...ROUTE_FLAGS,
    unset: Flags.option({ summary: 'Part to take away; repeats', options: ROUTE_KEYS, multiple: true as const, multipleNonGreedy: true as const })(),
    file: Flags.string({ summary: 'YAML or JSON file; - for stdin', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> route update critical --severity major+',
    '<%= config.bin %> route update critical --channel pager --channel mail',
    '<%= config.bin %> route update critical --unset match',
    '<%= config.bin %> route update critical --file route.yaml',
  ];

  async run(): Promise<void> {
    const { route: id } = this.args;
    const { file, unset } = this.flags;
    const base =
      file === undefined ? null : ((await readDefinition(file, ['id', 'enabled', 'channels', ...ROUTE_KEYS], this.signal)) as Body & { id?: string });
    if (base?.id !== undefined && base.id !== id) throw new MusterError('usage', `The file is of the route ${base.id}, not of ${id}.`);
    this.checkColumns(ROUTE_COLUMNS);
    const hub = await this.writable();
    const known = base === null ? await hub.routes.show(id) : null;
    const { id: _, ...fromFile } = base ?? {};
    // A file that leaves a part out means that the route has none.
    const whole = base === null ? {} : Object.fromEntries(ROUTE_KEYS.map((key) => [key, null]));
    const match = base === null ? known?.match : (base.match ?? undefined);
    const change: Body = {
      ...whole,
      ...fromFile,
      ...routeParts(this.flags, match === undefined ? {} : { match }),
      ...Object.fromEntries((unset ?? []).map((key) => [key, null])),
    };
    if (Object.keys(change).length === 0) throw new MusterError('usage', 'There is nothing to change.', { hint: 'Give a flag or --file.' });
    await this.printOne(await hub.routes.update(id, change), ROUTE_COLUMNS);
  }
}
