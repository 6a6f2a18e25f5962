import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobCancel extends HubCommand<typeof JobCancel> {
  static override summary = 'Cancel a job for good';
  static override description = 'What is under way is taken back; a device that has it may do it all the same. Devices that were not asked are not.';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override examples = ['<%= config.bin %> job cancel 0199d0b5-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(JOB_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.jobs.step(this.args.job, 'cancel'), JOB_COLUMNS);
  }
}
