import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobResume extends HubCommand<typeof JobResume> {
  static override summary = 'Resume a job that is paused, or that stopped';
  static override description = 'Of one that stopped because too many devices failed, the failures so far are let go: it stops again when as many fail anew.';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override examples = ['<%= config.bin %> job resume 0199d0b5-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(JOB_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.jobs.step(this.args.job, 'resume'), JOB_COLUMNS);
  }
}
