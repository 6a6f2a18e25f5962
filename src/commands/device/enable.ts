import { DeviceStateCommand, deviceStateArgs, deviceStateFlags } from '../../lib/enrolment/device-state-command.ts';

export default class DeviceEnable extends DeviceStateCommand<typeof DeviceEnable> {
  static override summary = 'Put devices in service: after a maintenance, or when they were disabled';
  static override description =
    'They may connect and report from now on, and their alarms are told. A device that was retired has no credentials any more: give it one with `muster device credential create`.';
  static override args = deviceStateArgs;
  static override flags = deviceStateFlags;
  static override examples = ['<%= config.bin %> device enable boiler-7', '<%= config.bin %> device enable boiler-7 boiler-8 --dry-run'];

  async run(): Promise<void> {
    await this.change('active', { done: 'enabled', verb: 'Enable' });
  }
}
