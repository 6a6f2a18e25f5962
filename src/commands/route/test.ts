import { Flags } from '@oclif/core';
import { pairsOf } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { ROUTE_TEST_COLUMNS } from '../../lib/cli/notification-columns.ts';
import { NOTIFY_CAUSES } from '../../lib/domain/notification.ts';
import { SEVERITIES } from '../../lib/domain/severity.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class RouteTest extends HubCommand<typeof RouteTest> {
  static override summary = 'Say which channels an alarm like this would reach, and why not the others';
  static override description = 'Nothing is sent. One row for each route; as JSON or YAML with every condition and how it holds.';
  static override flags = {
    severity: Flags.option({ summary: 'Severity of the alarm', options: SEVERITIES, default: 'critical' as const })(),
    cause: Flags.option({ summary: 'What happens to it', options: NOTIFY_CAUSES, default: 'raised' as const })(),
    rule: Flags.string({ summary: 'Id of its rule', helpValue: '<rule>' }),
    device: Flags.string({ summary: 'Id or alias of its device', helpValue: '<device>' }),
    group: Flags.string({ summary: 'Its group, when it is over one', helpValue: '<group>' }),
    label: Flags.string({ summary: 'A label of the alarm; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    at: Flags.string({ summary: 'When, as ISO 8601; without it, now', helpValue: '<time>' }),
  };
  static override examples = [
    '<%= config.bin %> route test --severity critical --rule boiler-hot --device boiler-7',
    { description: 'On a Sunday night:', command: '<%= config.bin %> route test --severity minor --at 2026-11-22T23:30:00Z' },
  ];

  async run(): Promise<void> {
    const { severity, cause, rule, device, group, label, at } = this.flags;
    const time = at === undefined ? undefined : Date.parse(at);
    if (time !== undefined && Number.isNaN(time))
      throw new MusterError('usage', `--at \`${at}\` is not a time.`, { hint: 'Write it as 2026-11-22T23:30:00Z.' });
    this.checkColumns(ROUTE_TEST_COLUMNS);
    const hub = await this.hub();
    const { routes } = await hub.routes.test({
      ...{ severity, cause, labels: pairsOf('label', label) },
      ...(rule !== undefined && { rule }),
      ...(device !== undefined && { device }),
      ...(group !== undefined && { group }),
      ...(time !== undefined && { time }),
    });
    await this.print(routes, ROUTE_TEST_COLUMNS);
  }
}
