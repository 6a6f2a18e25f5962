import { Args } from '@oclif/core';
import { AskCommand } from '../lib/cli/ask-command.ts';
import { expiryFlag, waitFlags } from '../lib/cli/command-flags.ts';
import { jobFlags } from '../lib/cli/job-flags.ts';
import { readArguments } from '../lib/cli/wanted-words.ts';
import { MusterError } from '../lib/errors/muster-error.ts';

export default class Call extends AskCommand<typeof Call> {
  static override summary = 'Call something that a device does, or many';
  static override description =
    'What there is to call, and with what arguments, is the device’s own. The hub keeps the call and gives it to the device now, or when it is back: --expires says until when that makes sense. Without --wait it ends once the hub has it. With --selector it is a job over all devices that fit.';
  static override usage = ['call DEVICE NAME [JSON]', 'call DEVICE NAME [ARGUMENT=VALUE...]', 'call --selector SELECTOR NAME [JSON | ARGUMENT=VALUE...]'];
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value; with --selector, none', required: true }),
    // All in one: what stands first is the device, or with --selector what is called.
    call: Args.string({ description: 'What is called; then one JSON text, or ARGUMENT=VALUE as often as you want', multiple: true }),
  };
  static override flags = { ...waitFlags, expires: expiryFlag, ...jobFlags };
  static override examples = [
    '<%= config.bin %> call boiler-7 restart --expires 1m',
    '<%= config.bin %> call boiler-7 valve/open percent=40 slowly=true',
    { description: 'With JSON, and what it answers:', command: `<%= config.bin %> call boiler-7 read '{"register":12}' --wait --for 10s --json` },
    {
      description: 'Many, fifty at a time:',
      command: '<%= config.bin %> call --selector site=paris restart --concurrency 50 --expires 10m --yes',
    },
  ];

  async run(): Promise<void> {
    const { selector, expires } = this.flags;
    const words = [this.args.device, ...(this.args.call ?? [])];
    if (selector !== undefined) {
      const [name = '', ...rest] = words;
      const args = readArguments(rest);
      await this.askMany(selector, { verb: `Call ${name} of`, make: (hub, options) => hub.jobs.create({ ...options, call: { name, args } }) });
      return;
    }
    const [device = '', name, ...rest] = words;
    if (name === undefined) throw new MusterError('usage', 'What is to be called is missing.', { hint: 'Give its name behind the device.' });
    const args = readArguments(rest);
    await this.askOne((hub) => hub.commands.call(device, { name, args, ...(expires === undefined ? {} : { expiryMs: expires }) }));
  }
}
