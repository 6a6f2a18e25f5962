import { Args } from '@oclif/core';
import { AskCommand } from '../lib/cli/ask-command.ts';
import { expiryFlag, waitFlags } from '../lib/cli/command-flags.ts';
import { jobFlags } from '../lib/cli/job-flags.ts';
import { readFreely, readWanted, readWantedValue } from '../lib/cli/wanted-words.ts';
import { MusterError } from '../lib/errors/muster-error.ts';

export default class SetPoints extends AskCommand<typeof SetPoints> {
  static override summary = 'Set parameters and set points of a device, or of many';
  static override description =
    'The hub keeps what is wanted and gives it to the device now, or when it is back. Several points are set together, or not at all. A newer set of the same points takes the place of one that waits. Without --wait it ends once the hub has it. With --selector it is a job over all devices that fit: a value is read as JSON then, and as text where it is none.';
  static override usage = ['set DEVICE POINT VALUE', 'set DEVICE POINT=VALUE...', 'set --selector SELECTOR POINT=VALUE...'];
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value; with --selector, none', required: true }),
    wanted: Args.string({ description: 'Path of a point and its value, or POINT=VALUE as often as you want', multiple: true }),
  };
  static override flags = { ...waitFlags, expires: expiryFlag, ...jobFlags };
  static override examples = [
    '<%= config.bin %> set boiler-7 boiler/target 60',
    '<%= config.bin %> set boiler-7 boiler/target=60 boiler/mode=eco --expires 1h',
    { description: 'Now or never, and whether it did:', command: '<%= config.bin %> set boiler-7 boiler/target 60 --expires 10s --wait --for 15s' },
    {
      description: 'Many, a few of them first:',
      command: "<%= config.bin %> set --selector 'site=paris,id=boiler-*' boiler/target=60 --stages 1,10,100 --max-failures 5% --yes",
    },
  ];

  async run(): Promise<void> {
    const { selector, expires } = this.flags;
    const { device, wanted: words = [] } = this.args;
    if (selector !== undefined) {
      const wanted = readWanted([device, ...words]);
      const values = Object.fromEntries([...wanted].map(([point, text]) => [point, readFreely(text)]));
      await this.askMany(selector, {
        verb: `Set ${[...wanted.keys()].join(', ')} of`,
        make: (hub, options) => hub.jobs.create({ ...options, set: { values } }),
      });
      return;
    }
    if (words.length === 0) throw new MusterError('usage', 'What is to be set is missing.', { hint: 'Give a point and its value, or POINT=VALUE.' });
    const wanted = readWanted(words);
    await this.askOne(async (hub) => {
      const values: Record<string, unknown> = {};
      // A text is a number for one point and a word for another: the point knows.
      for (const [point, text] of wanted) values[point] = readWantedValue(point, text, (await hub.points.show(device, point)).valueType);
      return hub.commands.set(device, { values, ...(expires === undefined ? {} : { expiryMs: expires }) });
    });
  }
}
