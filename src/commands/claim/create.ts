import { Args, Flags } from '@oclif/core';
import type { ClaimCreated } from '../../lib/api/schema/provisioning.ts';
import type { Column } from '../../lib/cli/column.ts';
import { durationFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { CLAIM_COLUMNS } from '../../lib/cli/provisioning-columns.ts';

const COLUMNS: readonly Column<ClaimCreated>[] = [...CLAIM_COLUMNS, { name: 'token', value: (row) => row.token }];

export default class ClaimCreate extends HubCommand<typeof ClaimCreate> {
  static override summary = 'Make a claim: a token with which new devices register themselves';
  static override description =
    'Put the token into the devices of a batch. Each comes with it once, over HTTP or MQTT, and gets an identity and a token of its own; provisioning rules decide what becomes of it. The token of the claim is shown this once; the hub keeps only a hash of it.';
  static override args = { claim: Args.string({ description: 'Name of the claim', required: true }) };
  static override flags = {
    devices: Flags.integer({ summary: 'So many devices may come with it; without it, any number', helpValue: '<count>', min: 1 }),
    valid: durationFlag({ summary: 'How long it is valid; without it, until it is revoked' }),
    address: Flags.string({ summary: 'A network that they may come from; repeats', helpValue: '<network>', multiple: true, multipleNonGreedy: true }),
    type: Flags.string({ summary: 'The type that they get, whatever they or the rules say', helpValue: '<type>' }),
    allow: Flags.string({
      summary: 'A pattern of ids, or of aliases, that may come; repeats, and one of them must fit',
      helpValue: '<pattern>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    description: Flags.string({ summary: 'What it is for', helpValue: '<text>' }),
  };
  static override examples = [
    '<%= config.bin %> claim create batch-7 --devices 500 --valid 90d',
    "<%= config.bin %> claim create batch-8 --type boiler --allow 'imei:35*' --address 10.0.0.0/8",
    { description: 'The token alone:', command: '<%= config.bin %> claim create batch-9 --json --columns token' },
  ];

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const { devices, valid, address, type, allow, description } = this.flags;
    const hub = await this.writable();
    const claim = await hub.claims.create({
      id: this.args.claim,
      devicesMax: devices ?? null,
      addresses: address ?? [],
      type: type ?? null,
      allowed: allow ?? [],
      description: description ?? null,
      ...(valid === undefined ? {} : { expiresInSeconds: Math.max(1, Math.round(valid / 1000)) }),
    });
    await this.printOne(claim, COLUMNS);
    this.say('The token is shown this once.');
  }
}
