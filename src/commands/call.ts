import { Args } from '@oclif/core';
import { awaitCommand, failUnlessApplied } from '../lib/cli/await-command.ts';
import { COMMAND_COLUMNS } from '../lib/cli/command-columns.ts';
import { expiryFlag, WAIT_DEFAULT_MS, waitFlags } from '../lib/cli/command-flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { readArguments } from '../lib/cli/wanted-words.ts';

export default class Call extends HubCommand<typeof Call> {
  static override summary = 'Call something that a device does';
  static override description =
    'What there is to call, and with what arguments, is the device’s own. The hub keeps the call and gives it to the device now, or when it is back: --expires says until when that makes sense. Without --wait it ends once the hub has it.';
  static override usage = ['call DEVICE NAME [JSON]', 'call DEVICE NAME [ARGUMENT=VALUE...]'];
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }),
    name: Args.string({ description: 'What is called', required: true }),
    arguments: Args.string({ description: 'One JSON text, or ARGUMENT=VALUE as often as you want', multiple: true }),
  };
  static override flags = { ...waitFlags, expires: expiryFlag };
  static override examples = [
    '<%= config.bin %> call boiler-7 restart --expires 1m',
    '<%= config.bin %> call boiler-7 valve/open percent=40 slowly=true',
    { description: 'With JSON, and what it answers:', command: `<%= config.bin %> call boiler-7 read '{"register":12}' --wait --for 10s --json` },
  ];

  async run(): Promise<void> {
    const { device, name } = this.args;
    const args = readArguments(this.args.arguments ?? []);
    this.checkColumns(COMMAND_COLUMNS);
    const { wait, for: patience = WAIT_DEFAULT_MS, expires } = this.flags;
    const hub = await this.writable();
    const asked = await hub.commands.call(device, { name, args, ...(expires === undefined ? {} : { expiryMs: expires }) });
    const command = wait ? await awaitCommand(hub, asked, patience) : asked;
    await this.printOne(command, COMMAND_COLUMNS);
    if (wait) failUnlessApplied(command, patience);
  }
}
