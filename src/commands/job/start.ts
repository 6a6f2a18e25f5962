import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobStart extends HubCommand<typeof JobStart> {
  static override summary = 'Start a job that waits';
  static override description = 'One that was made with --hold.';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override examples = ['<%= config.bin %> job start 0199d0b5-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(JOB_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.jobs.step(this.args.job, 'start'), JOB_COLUMNS);
  }
}
