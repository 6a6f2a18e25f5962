import { Args, Flags } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, pairsOf, yesFlag } from '../../lib/cli/flags.ts';
import { heldDevices } from '../../lib/cli/held-devices.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class DeviceApprove extends HubCommand<typeof DeviceApprove> {
  static override summary = 'Let devices into service that registered themselves and wait';
  static override description =
    '`muster device list --state new` shows who waits. Type, groups and labels can be given on the way. Each device comes in by itself the next time it tries. One row for each; when some could not be approved, the others are, and the exit code is 7.';
  static override args = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', multiple: true, required: false }) };
  static override flags = {
    selector: Flags.string({ summary: 'Those that wait and fit; * for all', helpValue: '<selector>' }),
    type: Flags.string({ summary: 'The type that they get', helpValue: '<type>' }),
    group: Flags.string({
      summary: 'A group to put them into, in the place of those they have; repeats',
      helpValue: '<group>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    label: Flags.string({ summary: 'A label; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> device approve waiting-1 --label site=paris',
    '<%= config.bin %> device approve --selector id=waiting-* --yes',
    '<%= config.bin %> device approve --selector id=waiting-* --dry-run',
  ];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const { selector, type, group, label, yes, 'dry-run': dryRun } = this.flags;
    const given = this.args.device ?? [];
    if ((given.length === 0) === (selector === undefined))
      throw new MusterError('usage', 'Say which devices: name them, or give --selector.', { hint: "`--selector '*'` is all that wait." });
    const change = {
      ...(type !== undefined && { type }),
      ...(group !== undefined && { groups: group }),
      ...(label !== undefined && { labels: pairsOf('label', label) }),
    };
    const hub = dryRun ? await this.hub() : await this.writable();
    const ids = selector === undefined ? given : await heldDevices(hub, selector);
    // Those that are named are meant; how many a selector fits shows only now.
    if (!dryRun && selector !== undefined) await confirmUnless(yes, `Approve ${ids.length} devices?`, this.signal);
    const check = async (id: string) => {
      const { state } = await hub.devices.show(id);
      if (state !== 'new') throw new MusterError('conflict', `The device ${id} is ${state}, not new.`);
    };
    const rows = await runBulk(ids, { done: 'approved', dryRun, act: (id) => hub.approve(id, change), check });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
