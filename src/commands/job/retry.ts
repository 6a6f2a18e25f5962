import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobRetry extends HubCommand<typeof JobRetry> {
  static override summary = 'Ask those devices of a job again that failed';
  static override description =
    'Those that rejected it, did not answer in time, could not be asked, or whose command was cancelled. Nothing of the job may be under way.';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override examples = ['<%= config.bin %> job retry 0199d0b5-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(JOB_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.jobs.step(this.args.job, 'retry'), JOB_COLUMNS);
  }
}
