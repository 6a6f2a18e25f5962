import { Args, Flags } from '@oclif/core';
import { listFlags } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { JOB_COLUMNS, JOB_DEVICE_COLUMNS } from '../../lib/cli/job-columns.ts';
import { JOB_DEVICE_STATES, JOB_FAILURES } from '../../lib/domain/job.ts';

export default class JobShow extends HubCommand<typeof JobShow> {
  static override summary = 'Show a job, or what became of each of its devices';
  static override description =
    'waiting: not asked yet; failed: it could not be asked, and why; the others are the states of its command (`muster command show`).';
  static override args = { job: Args.string({ description: 'Id of the job', required: true }) };
  static override flags = {
    devices: Flags.boolean({ summary: 'Its devices, in the order in which they are asked' }),
    state: Flags.option({
      summary: 'Those in this state; repeats',
      options: JOB_DEVICE_STATES,
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['devices'],
    })(),
    failed: Flags.boolean({ summary: 'Its devices that did not do it: rejected, expired or failed', exclusive: ['state'] }),
    ...listFlags,
  };
  static override examples = [
    '<%= config.bin %> job show 0199d0b5-0000-7000-8000-000000000000',
    '<%= config.bin %> job show 0199d0b5-0000-7000-8000-000000000000 --failed',
    '<%= config.bin %> job show 0199d0b5-0000-7000-8000-000000000000 --devices --state rejected --state expired --all --output csv',
  ];

  async run(): Promise<void> {
    const { failed } = this.flags;
    const devices = this.flags.devices || failed;
    const state = failed ? [...JOB_FAILURES] : this.flags.state;
    if (!devices) this.checkColumns(JOB_COLUMNS);
    const hub = await this.hub();
    if (!devices) return this.printOne(await hub.jobs.show(this.args.job), JOB_COLUMNS);
    await this.printList((limit) => hub.jobs.devices(this.args.job, state === undefined ? {} : { state }, { limit }), JOB_DEVICE_COLUMNS, this.flags);
  }
}
