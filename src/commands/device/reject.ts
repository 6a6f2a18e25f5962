import { Args, Flags } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { heldDevices } from '../../lib/cli/held-devices.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class DeviceReject extends HubCommand<typeof DeviceReject> {
  static override summary = 'Refuse devices that registered themselves and wait';
  static override description =
    'They are deleted with their credentials, and may come again as long as their claim has places. With --block they stay, retired, and nothing comes under their ids again. One row for each; when some could not be refused, the others are, and the exit code is 7.';
  static override args = { device: Args.string({ description: 'Ids of the devices, or aliases as kind:value', multiple: true, required: false }) };
  static override flags = {
    selector: Flags.string({ summary: 'Those that wait and fit; * for all', helpValue: '<selector>' }),
    block: Flags.boolean({ summary: 'They stay, retired, so that nothing comes under their ids again' }),
    reason: Flags.string({ summary: 'Why, for the journal of events', helpValue: '<text>' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> device reject waiting-1 --yes',
    '<%= config.bin %> device reject --selector id=waiting-* --block --reason "not ours" --yes',
  ];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const { selector, block, reason, yes, 'dry-run': dryRun } = this.flags;
    const given = this.args.device ?? [];
    if ((given.length === 0) === (selector === undefined))
      throw new MusterError('usage', 'Say which devices: name them, or give --selector.', { hint: "`--selector '*'` is all that wait." });
    const hub = dryRun ? await this.hub() : await this.writable();
    const ids = selector === undefined ? given : await heldDevices(hub, selector);
    if (!dryRun) await confirmUnless(yes, `Reject ${ids.length === 1 ? `the device ${ids[0]}` : `${ids.length} devices`}?`, this.signal);
    const rows = await runBulk(ids, {
      done: 'rejected',
      dryRun,
      act: (id) => hub.reject(id, { block, reason: reason ?? null }),
      check: async (id) => {
        const { state } = await hub.devices.show(id);
        if (state !== 'new') throw new MusterError('conflict', `The device ${id} is ${state}, not new.`);
      },
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
