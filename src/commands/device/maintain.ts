import { DeviceStateCommand, deviceStateArgs, deviceStateFlags } from '../../lib/enrolment/device-state-command.ts';

export default class DeviceMaintain extends DeviceStateCommand<typeof DeviceMaintain> {
  static override summary = 'Put devices in maintenance: they go on reporting, and nobody is told of their alarms';
  static override description =
    'Their alarms, and those of the devices behind them, are suppressed until `muster device enable`. For work with a known beginning and end, announce it instead: `muster maintenance create`.';
  static override args = deviceStateArgs;
  static override flags = deviceStateFlags;
  static override examples = [
    '<%= config.bin %> device maintain boiler-7',
    '<%= config.bin %> device maintain gateway-1 --dry-run',
    '<%= config.bin %> device maintain --selector site=paris --reason "new pipes" --yes',
  ];

  async run(): Promise<void> {
    await this.change('maintenance', { done: 'in maintenance', verb: 'Put in maintenance:' });
  }
}
