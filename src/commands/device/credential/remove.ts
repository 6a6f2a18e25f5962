import { Args } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../../lib/cli/bulk.ts';
import { dryRunFlag, yesFlag } from '../../../lib/cli/flags.ts';
import { HubCommand } from '../../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../../lib/cli/prompt.ts';
import { MusterError } from '../../../lib/errors/muster-error.ts';

export default class DeviceCredentialRemove extends HubCommand<typeof DeviceCredentialRemove> {
  static override summary = 'Remove credentials of a device, at once and for good';
  static override description =
    'The sessions of the device are cut; with another credential it may come back. With several, one row for each: when some could not be removed, the others are, and the exit code is 7.';
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }),
    credential: Args.string({ description: 'Ids of the credentials, as `device credential list` shows them', required: true, multiple: true }),
  };
  static override flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override examples = [
    '<%= config.bin %> device credential remove boiler-7 01f3a9 --yes',
    '<%= config.bin %> device credential remove boiler-7 01f3a9 7c20bb --dry-run',
  ];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const { device, credential: ids } = this.args;
    const dryRun = this.flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const what = ids.length === 1 ? `the credential ${ids[0]}` : `${ids.length} credentials`;
    if (!dryRun) await confirmUnless(this.flags.yes, `Remove ${what} of ${device}?`, this.signal);
    const rows = await runBulk(ids, {
      done: 'removed',
      dryRun,
      act: (id) => hub.devices.removeCredential(device, id),
      check: async (id) => {
        for await (const credential of hub.devices.credentials(device)) if (credential.id === id) return;
        throw new MusterError('not_found', `The device ${device} has no credential ${id}.`);
      },
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
