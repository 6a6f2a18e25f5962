import { Flags } from '@oclif/core';
import { type Column, timeColumn } from '../../lib/cli/column.ts';
import { dryRunFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirm } from '../../lib/cli/prompt.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import type { SimulationRun } from '../../lib/simulation/clean-up.ts';

interface CleanedRun {
  readonly run: string;
  readonly createdAt: number;
  readonly devices: number;
  readonly types: number;
  readonly online: number;
  readonly result: 'removed' | 'would be removed' | 'still connected' | 'partly removed';
  readonly failed: readonly { readonly what: string; readonly reason: string }[];
}

const COLUMNS: readonly Column<CleanedRun>[] = [
  { name: 'run', value: (row) => row.run },
  timeColumn('created', (row) => row.createdAt),
  { name: 'devices', value: (row) => row.devices, right: true },
  { name: 'types', value: (row) => row.types, right: true },
  { name: 'online', value: (row) => row.online, right: true },
  { name: 'result', value: (row) => row.result },
  { name: 'failed', value: (row) => row.failed, text: (row) => row.failed.map(({ what, reason }) => `${what}: ${reason}`).join('; '), wide: true },
];

export default class SimulateClean extends HubCommand<typeof SimulateClean> {
  static override summary = 'Remove what simulations left in the hub';
  static override description =
    `Removes the devices, samples and device types of runs that were kept or that crashed. They are found by the label muster-simulation, so nothing else is touched. A run with connected devices may still be going on in another terminal: it is left alone unless --force is given.`;
  static override flags = {
    run: Flags.string({ summary: 'Only this run', helpValue: '<id>' }),
    force: Flags.boolean({ summary: 'Also runs whose devices are connected' }),
    'dry-run': dryRunFlag,
    yes: yesFlag,
  };
  static override examples = [
    { description: 'What there is:', command: '<%= config.bin %> simulate clean --dry-run' },
    { description: 'Remove it, without a question:', command: '<%= config.bin %> simulate clean --yes' },
  ];

  async run(): Promise<void> {
    const { flags } = this;
    this.checkColumns(COLUMNS);
    const hub = flags['dry-run'] ? await this.hub() : await this.writable();
    const { findRuns, removeRun } = await import('../../lib/simulation/clean-up.ts');
    const runs = await findRuns(hub, this.signal, flags.run);
    if (flags.run !== undefined && runs.length === 0) {
      throw new MusterError('not_found', `Nothing is left of a run ${flags.run}.`, { hint: '`muster simulate clean --dry-run` lists the runs.' });
    }
    const chosen = runs.filter(({ online }) => flags.force || online === 0);
    const devices = chosen.reduce((sum, run) => sum + devicesOf(run), 0);
    if (!flags['dry-run'] && !flags.yes && chosen.length > 0) {
      const agreed = await confirm(`Remove ${devices} devices of ${chosen.length} runs and their samples?`, { flag: '--yes', signal: this.signal });
      if (!agreed) throw new MusterError('interrupted', 'Nothing was removed.', { hint: 'Answer y, or give --yes.' });
    }
    const rows: CleanedRun[] = [];
    for (const run of runs) {
      if (this.signal.aborted) break;
      if (!chosen.includes(run)) rows.push(rowOf(run, 'still connected'));
      else if (flags['dry-run']) rows.push(rowOf(run, 'would be removed'));
      else {
        const { failed } = await removeRun(hub, run);
        rows.push(rowOf(run, failed.length === 0 ? 'removed' : 'partly removed', failed));
      }
    }
    await this.print(rows, COLUMNS);
    const partly = rows.filter(({ failed }) => failed.length > 0);
    if (partly.length > 0)
      throw new MusterError('partly_failed', `${partly.length} runs could not be removed completely.`, { details: { runs: partly.map(({ run }) => run) } });
  }
}

function devicesOf(run: SimulationRun): number {
  return run.gateways.length + run.children.length;
}

function rowOf(run: SimulationRun, result: CleanedRun['result'], failed: CleanedRun['failed'] = []): CleanedRun {
  return { run: run.run, createdAt: run.createdAt, devices: devicesOf(run), types: run.types.length, online: run.online, result, failed };
}
