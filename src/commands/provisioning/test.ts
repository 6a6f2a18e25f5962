import { Args, Flags } from '@oclif/core';
import type { ProvisioningTest as Body } from '../../lib/api/schema/provisioning.ts';
import { readDefinition } from '../../lib/cli/definition-file.ts';
import { aliasesOf } from '../../lib/cli/device-flags.ts';
import { pairsOf } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { VERDICT_COLUMNS } from '../../lib/cli/provisioning-columns.ts';
import { ruleOf } from '../../lib/cli/provisioning-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const KEYS = ['id', 'name', 'kind', 'type', 'aliases', 'labels', 'attributes', 'proof'];

export default class ProvisioningTest extends HubCommand<typeof ProvisioningTest> {
  static override summary = 'Say what would become of a device that registers itself, and why';
  static override description =
    'Asks the rules of the hub in their order, with the code that decides in earnest; nothing is changed. --rule tries a rule from a file that is not made yet, or that is to change.';
  static override args = { device: Args.string({ description: 'Id that the device would give; without it, as the file says, or made of an alias' }) };
  static override flags = {
    kind: Flags.option({ summary: 'The kind that it would give', options: ['gateway', 'device'] as const })(),
    type: Flags.string({ summary: 'The type that it would give', helpValue: '<type>' }),
    alias: Flags.string({ summary: 'An alias that it would give; repeats', helpValue: '<kind=value>', multiple: true, multipleNonGreedy: true }),
    label: Flags.string({ summary: 'A label that it would give; repeats', helpValue: '<name=value>', multiple: true, multipleNonGreedy: true }),
    attribute: Flags.string({
      summary: 'An attribute that it would give, as text; repeats',
      helpValue: '<name=value>',
      multiple: true,
      multipleNonGreedy: true,
    }),
    claim: Flags.string({ summary: 'As if it came with this claim', helpValue: '<claim>' }),
    address: Flags.string({ summary: 'As if it came from there', helpValue: '<address>' }),
    protocol: Flags.option({ summary: 'As if it came over this (default http)', options: ['http', 'mqtt', 'mqtts', 'mqtt-ws'] as const })(),
    file: Flags.string({ summary: 'The request as YAML or JSON; - for stdin. Flags win over it', helpValue: '<file>' }),
    rule: Flags.string({ summary: 'A file with a rule, as if that were there too', helpValue: '<file>' }),
  };
  static override examples = [
    '<%= config.bin %> provisioning test meter-9 --alias imei=490154203237518 --attribute site=paris',
    '<%= config.bin %> provisioning test meter-9 --claim batch-1 --rule provisioning.yaml --json',
  ];

  async run(): Promise<void> {
    this.checkColumns(VERDICT_COLUMNS);
    const { file, kind, type, alias, label, attribute, claim, address, protocol, rule } = this.flags;
    const base = file === undefined ? {} : ((await readDefinition(file, KEYS, this.signal)) as Body['request']);
    const request: Body['request'] = {
      ...base,
      ...(this.args.device !== undefined && { id: this.args.device }),
      ...(kind !== undefined && { kind }),
      ...(type !== undefined && { type }),
      ...(alias !== undefined && { aliases: aliasesOf(alias) }),
      ...(label !== undefined && { labels: pairsOf('label', label) }),
      ...(attribute !== undefined && { attributes: pairsOf('attribute', attribute) }),
    };
    const draft = rule === undefined ? undefined : await ruleOf({ file: rule }, this.signal);
    if (draft !== undefined && draft.id === undefined) throw new MusterError('usage', `${rule} has no id.`, { hint: 'Give the rule a name, as id.' });
    const hub = await this.hub();
    const verdict = await hub.provisioningRules.test({
      request,
      ...(claim !== undefined && { claim }),
      ...(address !== undefined && { address }),
      ...(protocol !== undefined && { protocol }),
      ...(draft?.id !== undefined && { rule: { ...draft, id: draft.id } }),
    });
    await this.printOne(verdict, VERDICT_COLUMNS);
  }
}
