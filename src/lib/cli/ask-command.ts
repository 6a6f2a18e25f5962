import { setTimeout as pause } from 'node:timers/promises';
import type { Command as OclifCommand } from '@oclif/core';
import type { Command } from '../api/schema/commands.ts';
import type { Job } from '../api/schema/jobs.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { awaitCommand, failUnlessApplied } from './await-command.ts';
import type { Column } from './column.ts';
import { COMMAND_COLUMNS } from './command-columns.ts';
import { WAIT_DEFAULT_MS } from './command-flags.ts';
import { HubCommand } from './hub-command.ts';
import { JOB_COLUMNS } from './job-columns.ts';
import { type JobChoice, type JobOptions, jobOptionsOf } from './job-flags.ts';
import { confirmUnless } from './prompt.ts';

const COUNT_COLUMNS: readonly Column<{ readonly devices: number }>[] = [{ name: 'devices', value: (row) => row.devices }];
const LOOK_MS = 500;
const TELL_MS = 5_000;

interface AskFlags extends JobChoice {
  readonly wait: boolean;
  readonly for?: number | undefined;
  readonly yes?: boolean | undefined;
  readonly 'dry-run'?: boolean | undefined;
}

/** How a command makes its job. */
export interface JobMaking {
  /** Of the question, such as `Set target of`. */
  readonly verb: string;
  make(hub: HubClient, options: JobOptions): Promise<Job>;
  /** What --dry-run shows; without it the number of devices. */
  preview?(hub: HubClient): Promise<void>;
}

/** The base of what asks one device, or with --selector many, as a job. */
export abstract class AskCommand<T extends typeof OclifCommand> extends HubCommand<T> {
  protected async askOne(ask: (hub: HubClient) => Promise<Command>): Promise<void> {
    const { wait, for: patience = WAIT_DEFAULT_MS } = this.flags as unknown as AskFlags;
    this.checkColumns(COMMAND_COLUMNS);
    const hub = await this.writable();
    const asked = await ask(hub);
    const command = wait ? await awaitCommand(hub, asked, patience) : asked;
    await this.printOne(command, COMMAND_COLUMNS);
    if (wait) failUnlessApplied(command, patience);
  }

  protected async askMany(selector: string, { verb, make, preview }: JobMaking): Promise<void> {
    const flags = this.flags as unknown as AskFlags;
    const isDry = flags['dry-run'] === true;
    if (!isDry) this.checkColumns(JOB_COLUMNS);
    else if (preview === undefined) this.checkColumns(COUNT_COLUMNS);
    const options = jobOptionsOf(selector, flags);
    const hub = isDry ? await this.hub() : await this.writable();
    if (isDry && preview !== undefined) return preview(hub);
    const { devices } = await hub.jobs.count(selector);
    if (isDry) {
      await this.printOne({ devices }, COUNT_COLUMNS);
      this.say(`${devices} devices would be asked; nothing was.`);
      return;
    }
    if (devices === 0) throw new MusterError('not_found', `No device fits ${selector}.`, { hint: 'Try the selector with `muster device list`.' });
    await confirmUnless(flags.yes === true, `${verb} ${devices} devices?`, this.signal);
    const made = await make(hub, options);
    const job = flags.wait ? await this.#follow(hub, made, flags.for) : made;
    await this.printOne(job, JOB_COLUMNS);
    if (flags.wait) failUnlessDone(job);
  }

  /** Until it is over, stopped or paused. Ctrl-C leaves it going: it is the hub's. */
  async #follow(hub: HubClient, made: Job, patienceMs: number | undefined): Promise<Job> {
    const until = patienceMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + patienceMs;
    let told = Date.now();
    let job = made;
    while (job.state === 'running' && Date.now() < until) {
      await pause(LOOK_MS, undefined, { signal: this.signal });
      job = await hub.jobs.show(made.id);
      if (Date.now() - told < TELL_MS) continue;
      told = Date.now();
      const { applied, rejected, expired, failed, waiting } = job.summary;
      this.say(`${applied} of ${job.devices} applied, ${rejected + expired + failed} failed, ${waiting} wait`);
    }
    return job;
  }
}

function underWay({ queued, sent, delivered }: Job['summary']): number {
  return queued + sent + delivered;
}

/** Once it was printed: exit code 0 when all did it, 7 when some did not, 6 when it is not over. */
function failUnlessDone({ id, state, reason, devices, summary }: Job): void {
  const details = { job: id, state };
  if (state === 'running')
    throw new MusterError('timed_out', `The job is not over: ${summary.waiting} of ${devices} devices wait, ${underWay(summary)} are being asked.`, {
      hint: `It goes on: \`muster job show ${id}\`.`,
      details,
    });
  if (state === 'done' && summary.applied === devices) return;
  const missing = devices - summary.applied;
  const because = reason === null ? '' : ` It is ${state}: ${reason}.`;
  throw new MusterError('partly_failed', `${missing} of ${devices} devices did not do it.${because}`, {
    hint: `\`muster job show ${id} --failed\` names them; \`muster job retry ${id}\` asks them again.`,
    details,
  });
}
