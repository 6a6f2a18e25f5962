import { MusterError } from '../errors/muster-error.ts';
import { problemsOf, type SimulationReport } from './report.ts';

/** Makes the exit code follow from the report: throws what the hub failed with, or `partly_failed` when something that was due is not stored. */
export function concludeRun(report: SimulationReport, hint: string): void {
  // After Ctrl-C the exit code says so, and the summary names what is missing.
  if (report.interrupted) return;
  if (report.error !== null) {
    const { code, message, hint: way } = report.error;
    throw new MusterError(code, message, { hint: way, details: { run: report.run } });
  }
  const problems = problemsOf(report);
  if (problems.length === 0) return;
  throw new MusterError('partly_failed', `${problems.join('; ')}.`, { hint, details: { run: report.run, problems } });
}
