import { DeviceStateCommand, deviceStateArgs, deviceStateFlags } from '../../lib/enrolment/device-state-command.ts';

export default class DeviceDisable extends DeviceStateCommand<typeof DeviceDisable> {
  static override summary = 'Refuse devices: their connections are cut at once';
  static override description =
    'They keep their data and credentials, and may neither connect nor report until `muster device enable`. Their alarms are withdrawn; the devices behind a disabled gateway are silent, and their alarms suppressed.';
  static override args = deviceStateArgs;
  static override flags = deviceStateFlags;
  static override examples = ['<%= config.bin %> device disable boiler-7', '<%= config.bin %> device disable boiler-7 boiler-8 --json'];

  async run(): Promise<void> {
    await this.change('disabled', { done: 'disabled', verb: 'Disable' });
  }
}
