import type { Column } from '../lib/cli/column.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import type { CheckResult } from '../lib/doctor/run-checks.ts';

const DEADLINE_MS = 5_000;

const COLUMNS: readonly Column<CheckResult>[] = [
  { name: 'check', value: (row) => row.check },
  { name: 'level', value: (row) => row.level, keep: true },
  { name: 'text', value: (row) => row.text, text: (row) => (row.hint === null ? row.text : `${row.text.replace(/\.$/, '')}. ${row.hint}`), wrap: true },
  { name: 'hint', value: (row) => row.hint, wide: true },
  { name: 'durationMs', value: (row) => row.durationMs, right: true, wide: true },
];

export default class Doctor extends HubCommand<typeof Doctor> {
  static override summary = 'Check this installation, the log-in, the hub and its clock';
  static override description =
    `One line for each check, with what to do about it. All checks run, whatever the others find, each for at most --timeout (5s). Exit code 0 when nothing failed (warnings are no failures), 6 when the hub cannot be reached, 4 when nobody is logged in, 1 for other failures.`;
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --timeout 2s --json'];

  async run(): Promise<void> {
    const { CHECKS } = await import('../lib/doctor/checks.ts');
    const { exitCodeOf, runChecks } = await import('../lib/doctor/run-checks.ts');
    const { lookAround } = await import('../lib/doctor/surroundings.ts');
    const { contextsFile } = await import('../lib/cli/contexts.ts');
    const timeoutMs = this.flags.timeout ?? DEADLINE_MS;
    const surroundings = await lookAround({
      version: this.config.version,
      contextFile: contextsFile(),
      timeoutMs,
      chooseHub: () => this.target(),
    });
    const results = await runChecks(CHECKS, surroundings, timeoutMs, this.signal);
    await this.print(results, COLUMNS);
    // Not `process.exitCode`: a check that was stuck past its deadline must not keep the process.
    this.exit(exitCodeOf(results));
  }
}
