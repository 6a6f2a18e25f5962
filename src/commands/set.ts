import { Args } from '@oclif/core';
import { awaitCommand, failUnlessApplied } from '../lib/cli/await-command.ts';
import { COMMAND_COLUMNS } from '../lib/cli/command-columns.ts';
import { expiryFlag, WAIT_DEFAULT_MS, waitFlags } from '../lib/cli/command-flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { readWanted, readWantedValue } from '../lib/cli/wanted-words.ts';

export default class SetPoints extends HubCommand<typeof SetPoints> {
  static override summary = 'Set parameters and set points of a device';
  static override description =
    'The hub keeps what is wanted and gives it to the device now, or when it is back. Several points are set together, or not at all. A newer set of the same points takes the place of one that waits. Without --wait it ends once the hub has it.';
  static override usage = ['set DEVICE POINT VALUE', 'set DEVICE POINT=VALUE...'];
  static override args = {
    device: Args.string({ description: 'Id of the device, or an alias as kind:value', required: true }),
    wanted: Args.string({ description: 'Path of a point and its value, or POINT=VALUE as often as you want', required: true, multiple: true }),
  };
  static override flags = { ...waitFlags, expires: expiryFlag };
  static override examples = [
    '<%= config.bin %> set boiler-7 boiler/target 60',
    '<%= config.bin %> set boiler-7 boiler/target=60 boiler/mode=eco --expires 1h',
    { description: 'Now or never, and whether it did:', command: '<%= config.bin %> set boiler-7 boiler/target 60 --expires 10s --wait --for 15s' },
  ];

  async run(): Promise<void> {
    const { device } = this.args;
    const wanted = readWanted(this.args.wanted);
    this.checkColumns(COMMAND_COLUMNS);
    const hub = await this.writable();
    const values: Record<string, unknown> = {};
    // A text is a number for one point and a word for another: the point knows.
    for (const [point, text] of wanted) values[point] = readWantedValue(point, text, (await hub.points.show(device, point)).valueType);
    const { wait, for: patience = WAIT_DEFAULT_MS, expires } = this.flags;
    const asked = await hub.commands.set(device, { values, ...(expires === undefined ? {} : { expiryMs: expires }) });
    const command = wait ? await awaitCommand(hub, asked, patience) : asked;
    await this.printOne(command, COMMAND_COLUMNS);
    if (wait) failUnlessApplied(command, patience);
  }
}
