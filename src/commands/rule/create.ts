import { Args, Flags } from '@oclif/core';
import { dryRunFlag, durationFlag } from '../../lib/cli/flags.ts';
import { RuleCommand } from '../../lib/cli/rule-command.ts';
import { EDGE_OR_HUB, RULE_FILE_HELP } from '../../lib/cli/rule-help.ts';
import { scopeFlags } from '../../lib/cli/scope-flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const several = { multiple: true, multipleNonGreedy: true } as const;

export default class RuleCreate extends RuleCommand<typeof RuleCreate> {
  static override summary = 'Make alarm rules, from flags or from a file';
  static override description =
    `It is in force at once: \`rule test\` shows beforehand what it does with values, \`rule backtest\` what it would have done with what is stored.

${RULE_FILE_HELP}

The flags make the common rules: limits (--high, --low), silence (--no-data) and states (--equals), each with a severity behind a colon (critical, major, minor, warning; major when it is not said). --dry-run with --output yaml shows the document they stand for.`;
  static override args = { rule: Args.string({ description: 'Id of the rule, when flags make it' }) };
  static override flags = {
    file: Flags.string({ summary: 'YAML or JSON file with one rule or several; - for stdin', helpValue: '<file>' }),
    ...scopeFlags,
    high: Flags.string({ summary: 'Alarm at this value and above; repeats', helpValue: '<limit[:severity]>', ...several }),
    low: Flags.string({ summary: 'Alarm below this value; repeats', helpValue: '<limit[:severity]>', ...several }),
    deadband: Flags.string({ summary: 'The alarm ends so far inside the limit: 2, or 5% of the limit', helpValue: '<margin>' }),
    'no-data': Flags.string({
      summary: 'Alarm after so long without a sample, of the points, or of the device when no point is named',
      helpValue: '<duration[:severity]>',
    }),
    equals: Flags.string({ summary: 'Alarm while the value is this; repeats', helpValue: '<value[:severity]>', ...several }),
    'on-delay': durationFlag({ summary: 'The condition must hold for so long' }),
    'off-delay': durationFlag({ summary: 'It must be over for so long' }),
    message: Flags.string({ summary: `What people are told, as "\${device.name}: \${value} \${point.unit}"`, helpValue: '<text>' }),
    latch: Flags.boolean({ summary: 'The alarm stays until somebody resets it' }),
    'no-ack': Flags.boolean({ summary: 'Nobody has to acknowledge it' }),
    're-alarm': durationFlag({ summary: 'Tell again after so long without an acknowledgement' }),
    'runs-at': Flags.option({ summary: 'edge: gateways evaluate it', options: EDGE_OR_HUB })(),
    description: Flags.string({ summary: 'What it is for', helpValue: '<text>' }),
    disabled: Flags.boolean({ summary: 'Make it, and leave it out of force' }),
    'dry-run': dryRunFlag,
  };
  static override examples = [
    {
      description: 'Two limits:',
      command:
        '<%= config.bin %> rule create boiler-hot --type boiler --point boiler/temperature --high 80:minor --high 90:critical --deadband 2 --on-delay 30s',
    },
    { description: 'Devices that fall silent:', command: '<%= config.bin %> rule create silent --no-data 5m:major' },
    { description: 'What a file would change:', command: '<%= config.bin %> rule create --file rules.yaml --dry-run' },
    '<%= config.bin %> rule create --file rules.yaml',
  ];

  async run(): Promise<void> {
    const { file, 'dry-run': dryRun, ...choice } = this.flags;
    const { rule } = this.args;
    const flagged = RULE_FLAGS.filter((name) => (choice as Readonly<Record<string, unknown>>)[name] !== undefined);
    if (file !== undefined) {
      if (rule !== undefined || flagged.length > 0) {
        throw new MusterError('usage', 'Give --file, or an id with flags.', { hint: 'The file says all there is to say of its rules.' });
      }
      const { readRuleFile } = await import('../../lib/cli/rule-file.ts');
      return this.store(await readRuleFile(file, this.signal), { mode: 'create' }, dryRun);
    }
    if (rule === undefined) throw new MusterError('usage', 'The rule has no id.', { hint: 'Give it as the argument, with flags; or give --file.' });
    const { ruleFromFlags } = await import('../../lib/cli/rule-from-flags.ts');
    const document = ruleFromFlags(rule, choice);
    if (dryRun && this.output === 'yaml') {
      const { ruleYaml } = await import('../../lib/cli/rule-file.ts');
      return this.write(await ruleYaml(document));
    }
    await this.store([document], { mode: 'create' }, dryRun);
  }
}

const RULE_FLAGS = [
  ...['type', 'group', 'label', 'device', 'point', 'high', 'low', 'deadband', 'no-data', 'equals', 'on-delay', 'off-delay', 'message'],
  ...['latch', 'no-ack', 're-alarm', 'runs-at', 'description', 'disabled'],
];
