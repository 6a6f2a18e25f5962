import { Flags } from '@oclif/core';
import { CERTIFICATE_COLUMNS } from '../../lib/cli/certificate-columns.ts';
import { durationFlag, filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CERTIFICATE_KINDS } from '../../lib/domain/certificate.ts';

export default class CaCertificates extends HubCommand<typeof CaCertificates> {
  static override summary = 'List certificates';
  static override description =
    'Those that the hub issued, and those of external authorities that devices came with. Those that have ended stay in the list for a month.';
  static override flags = {
    device: filterFlag({ summary: 'Of this device', helpValue: '<id>' }),
    ca: filterFlag({ summary: 'Of this authority', helpValue: '<name>' }),
    kind: Flags.option({ summary: 'Of this kind', options: CERTIFICATE_KINDS })(),
    state: Flags.option({ summary: 'Only those', options: ['valid', 'expired', 'revoked'] as const })(),
    'ends-within': durationFlag({ summary: 'Valid ones that end within this time' }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> ca certificates',
    '<%= config.bin %> ca certificates --device boiler-7',
    '<%= config.bin %> ca certificates --ends-within 30d --all --output csv',
  ];

  async run(): Promise<void> {
    const hub = await this.hub();
    const { device, ca, kind, state, 'ends-within': endsWithin } = this.flags;
    const filters = { device, ca, kind, state, ...(endsWithin !== undefined && { endsWithinSeconds: Math.max(1, Math.round(endsWithin / 1000)) }) };
    await this.printList((limit) => hub.certificates.list(filters, { limit }), CERTIFICATE_COLUMNS, this.flags);
  }
}
