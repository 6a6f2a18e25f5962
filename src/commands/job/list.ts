import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS } from '../../lib/cli/job-columns.ts';

export default class JobList extends HubCommand<typeof JobList> {
  static override summary = 'List jobs, the last made first';
  static override description = 'A job is the same set or call for many devices: `muster set --selector`, `muster call --selector`.';
  static override flags = listFlags;
  static override examples = ['<%= config.bin %> job list', '<%= config.bin %> job list --json --limit 1'];

  async run(): Promise<void> {
    const hub = await this.hub();
    await this.printList((limit) => hub.jobs.list({ limit }), JOB_COLUMNS, this.flags);
  }
}
