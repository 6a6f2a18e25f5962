import { DeviceStateCommand, deviceStateArgs, deviceStateFlags } from '../../lib/enrolment/device-state-command.ts';

export default class DeviceRetire extends DeviceStateCommand<typeof DeviceRetire> {
  static override summary = 'Put devices out of service for good';
  static override description =
    'Their connections are cut, their credentials removed and their alarms withdrawn; their data stays and can be read. To remove the data as well: `muster device delete`.';
  static override args = deviceStateArgs;
  static override flags = deviceStateFlags;
  static override examples = [
    '<%= config.bin %> device retire boiler-7',
    '<%= config.bin %> device retire boiler-7 boiler-8 --dry-run',
    '<%= config.bin %> device retire boiler-7 boiler-8 --yes',
  ];

  async run(): Promise<void> {
    await this.change('retired', {
      done: 'retired',
      verb: 'Retire, credentials removed:',
      question: (devices) => `Retire ${devices}, and remove the credentials?`,
    });
  }
}
