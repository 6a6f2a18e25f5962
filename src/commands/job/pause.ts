import { Args } from '@oclif/core';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobPause extends HubCommand<typeof JobPause> {
  static override summary = 'Pause a job';
  static override description = 'Nothing new is asked; what is under way goes on. `muster job resume` goes on with it.';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override examples = ['<%= config.bin %> job pause 0199d0b5-0000-7000-8000-000000000000'];

  async run(): Promise<void> {
    this.checkColumns(JOB_COLUMNS);
    const hub = await this.writable();
    await this.printOne(await hub.jobs.step(this.args.job, 'pause'), JOB_COLUMNS);
  }
}
