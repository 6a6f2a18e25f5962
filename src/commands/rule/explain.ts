import { Args } from '@oclif/core';
import type { DeviceRules, RuleExplained } from '../../lib/api/schema/rules.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { DEVICE_RULE_COLUMNS, problemText, RULE_EXPLAINED_COLUMNS, STANDING_COLUMNS } from '../../lib/cli/rule-columns.ts';
import type { HubClient } from '../../lib/client/hub-client.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

export default class RuleExplain extends HubCommand<typeof RuleExplain> {
  static override summary = 'Say in words what a rule does; or which rules hold for a device or point, and why the others do not';
  static override description =
    'A rule: what it watches, when it raises an alarm, who evaluates it. A device (or one of its points): each rule, whether it holds, and which part of its scope is in the way; and of those that hold, the newest value, the level, and what is pending until when. Where a rule and a device have the same name, the rule is meant, unless a point is given.';
  static override args = {
    name: Args.string({ description: 'Id of a rule, or of a device (or an alias of it)', required: true }),
    point: Args.string({ description: 'Point of the device' }),
  };
  static override examples = [
    '<%= config.bin %> rule explain boiler-hot',
    { description: 'Why is there no alarm on this device?', command: '<%= config.bin %> rule explain boiler-7' },
    '<%= config.bin %> rule explain boiler-7 boiler/temperature',
  ];

  async run(): Promise<void> {
    const { name, point } = this.args;
    const hub = await this.hub();
    const rule = point === undefined ? await orNull(hub.rules.explain(name)) : null;
    if (rule !== null) return this.#rule(rule);
    const device = await orNull(explainDevice(hub, name, point));
    if (device === null) {
      throw new MusterError('not_found', `There is neither a rule nor a device ${name}.`, {
        hint: 'List them with `muster rule list` and `muster device list`.',
      });
    }
    await this.#device(device);
  }

  async #rule(rule: RuleExplained): Promise<void> {
    if (this.output !== 'table' || this.flags.columns !== undefined) return this.printOne(rule, RULE_EXPLAINED_COLUMNS);
    const { alarms, examples, watches } = rule;
    const lines = [`${rule.id}, version ${rule.version}: ${rule.state}`, ...rule.words];
    for (const problem of rule.problems) lines.push(`It cannot be read: ${problemText(problem)}.`);
    const more = watches > examples.length ? ` and ${watches - examples.length} more` : '';
    lines.push(watches === 0 ? 'At the moment it watches nothing.' : `At the moment it watches ${watches}: ${examples.join(', ')}${more}.`);
    if (alarms.live > 0) lines.push(`Its alarms: ${alarms.live} live, ${alarms.active} of them active, ${alarms.unacked} not acknowledged.`);
    await this.write(`${lines.join('\n')}\n`);
  }

  async #device(answer: DeviceRules): Promise<void> {
    if (this.output !== 'table') return this.printOne(answer, []);
    await this.print(answer.rules, DEVICE_RULE_COLUMNS);
    if (this.flags.columns !== undefined) return;
    const standing = answer.rules.flatMap(({ rule, standing: each }) => each.map((one) => ({ ...one, rule })));
    if (standing.length === 0) return;
    await this.write('\n');
    await this.print(standing, STANDING_COLUMNS);
    if (!answer.complete) this.say('There are more; ask for one point.');
  }
}

/** A point that there is not is an error of its own. */
async function explainDevice(hub: HubClient, device: string, point: string | undefined): Promise<DeviceRules> {
  return hub.devices.explain(device, { point });
}

async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error: unknown) {
    if (error instanceof MusterError && error.code === 'not_found' && !/no point/.test(error.message)) return null;
    throw error;
  }
}
