import { Args, Flags } from '@oclif/core';
import { BULK_COLUMNS, failUnlessAll, runBulk } from '../../lib/cli/bulk.ts';
import { dryRunFlag, filterFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless } from '../../lib/cli/prompt.ts';
import { REVOCATION_REASONS } from '../../lib/domain/certificate.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class CaRevoke extends HubCommand<typeof CaRevoke> {
  static override summary = 'Revoke certificates, at once and for good';
  static override description =
    'Sessions that came with one are cut, and it is refused from then on: over MQTT, WebSocket and HTTPS, also when TLS resumes a session. With --ca, one of an external authority that no device has come with yet can be revoked by its serial number.';
  static override args = { certificate: Args.string({ description: 'Serial numbers or fingerprints, as `ca certificates` shows them', multiple: true }) };
  static override flags = {
    device: filterFlag({ summary: 'All that are valid of this device', helpValue: '<id>' }),
    ca: filterFlag({ summary: 'The authority that the serial numbers are of', helpValue: '<name>', exclusive: ['device'] }),
    reason: Flags.option({ summary: 'Why, for the revocation list', options: REVOCATION_REASONS, default: 'unspecified' as const })(),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> ca revoke --device boiler-7 --reason key-compromise --yes',
    '<%= config.bin %> ca revoke --device boiler-7 --dry-run',
    '<%= config.bin %> ca revoke --ca factory 5A3C09F1 --yes',
  ];

  async run(): Promise<void> {
    this.checkColumns(BULK_COLUMNS);
    const { device, ca, reason, 'dry-run': dryRun } = this.flags;
    const given = this.args.certificate ?? [];
    if ((device === undefined) === (given.length === 0)) throw new MusterError('usage', 'Name certificates, or a device with --device.');
    const hub = await this.writable();
    const certificates = [...given];
    if (device !== undefined) for await (const { fingerprint } of hub.certificates.list({ device, state: 'valid' })) certificates.push(fingerprint);
    if (certificates.length === 0) throw new MusterError('not_found', `The device ${device} has no valid certificate.`);
    const what = `${certificates.length === 1 ? 'one certificate' : `${certificates.length} certificates`}${device === undefined ? '' : ` of ${device}`}`;
    if (!dryRun) await confirmUnless(this.flags.yes, `Revoke ${what}?`, this.signal);
    const rows = await runBulk(certificates, {
      done: 'revoked',
      dryRun,
      act: (certificate) => (ca === undefined ? hub.certificates.revoke(certificate, reason) : hub.cas.revokeSerial(ca, certificate, reason)),
      check: (certificate) => (ca === undefined ? hub.certificates.show(certificate) : hub.cas.show(ca)),
    });
    await this.print(rows, BULK_COLUMNS);
    failUnlessAll(rows);
  }
}
