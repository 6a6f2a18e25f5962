import { Args, Flags } from '@oclif/core';
import { isoTime } from '../../lib/cli/column.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { RULE_COLUMNS, RULE_SHOWN_COLUMNS, RULE_SUBJECT_COLUMNS } from '../../lib/cli/rule-columns.ts';

export default class RuleShow extends HubCommand<typeof RuleShow> {
  static override summary = 'Show an alarm rule as a file, its versions, or what it watches';
  static override description =
    'Prints the document, with what the hub knows of it as a comment: a file that `rule create` and `rule update` take. As JSON or YAML (--output) the whole answer of the hub, which they take too.';
  static override args = { rule: Args.string({ description: 'Id of the rule', required: true }) };
  static override flags = {
    version: Flags.integer({ summary: 'An older version', helpValue: '<n>', min: 1 }),
    versions: Flags.boolean({ summary: 'List its versions, newest first; of a rule that was deleted too', exclusive: ['version', 'subjects'] }),
    subjects: Flags.boolean({ summary: 'List the points, devices or groups that it watches now', exclusive: ['version'] }),
  };
  static override examples = [
    '<%= config.bin %> rule show boiler-hot',
    '<%= config.bin %> rule show boiler-hot --versions',
    '<%= config.bin %> rule show boiler-hot --version 1',
    '<%= config.bin %> rule show boiler-hot --subjects',
  ];

  async run(): Promise<void> {
    const { version, versions, subjects, columns } = this.flags;
    const { rule: id } = this.args;
    const hub = await this.hub();
    if (versions) return this.print(hub.rules.versions(id), RULE_COLUMNS);
    if (subjects) return this.print(hub.rules.subjects(id), RULE_SUBJECT_COLUMNS);
    const rule = await hub.rules.show(id, version);
    if (this.output !== 'table' || columns !== undefined) return this.printOne(rule, RULE_SHOWN_COLUMNS);
    const { ruleYaml } = await import('../../lib/cli/rule-file.ts');
    const watches = rule.watches === null ? '' : `, watches ${rule.watches}`;
    const problems = rule.problems.map(({ path, message }) => `# cannot be read: ${path === '' ? '' : `${path}: `}${message}\n`).join('');
    const state = rule.watches === null ? 'an older version' : rule.state;
    const about = `# version ${rule.version}, ${isoTime(rule.createdAt)}, by ${rule.createdBy}: ${state}${watches}\n`;
    await this.write(`${about}${problems}${await ruleYaml(rule.document)}`);
  }
}
