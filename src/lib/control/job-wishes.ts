import type { Command } from '../domain/command.ts';
import type { ConfigChange } from '../domain/device-config.ts';
import type { JobDevice } from '../domain/job.ts';
import type { JsonValue } from '../domain/value.ts';
import type { NewEvent } from '../events/event-recorder.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { JobDeviceChange, JobRecord } from '../storage/job-storage.ts';
import type { ConfigPlanner, ConfigToSend } from './config-planner.ts';
import type { NewCommand } from './control.ts';

/** What a job does with its next devices, in their order. */
export type JobWish =
  | { readonly at: JobDevice; readonly wish: NewCommand; readonly config: ConfigToSend | null }
  /** It need not be asked, or cannot be. */
  | { readonly at: JobDevice; readonly wish: null; readonly change: JobDeviceChange };

/** The change that a job of kind config stores as its value. */
export function configChangeOf({ value }: Pick<JobRecord, 'value'>): ConfigChange {
  return value as unknown as ConfigChange;
}

/** The same for all, but of a configuration: what each device is given depends on what is wanted of it now. */
export async function wishesOf(job: JobRecord, devices: readonly JobDevice[], planner: ConfigPlanner): Promise<readonly JobWish[]> {
  const { id, kind, name, value, expiryMs } = job;
  if (kind !== 'config') return devices.map((at) => ({ at, wish: { device: at.device, kind, name, value, expiryMs, job: id }, config: null }));
  const change = configChangeOf(job);
  const wishes: JobWish[] = [];
  for (const at of devices) {
    const plan = await planner.plan(job.project, at.device, change);
    const { place } = at;
    if (plan.outcome === 'send') {
      const { document, version } = plan;
      wishes.push({ at, wish: { device: at.device, kind, name: null, value: document as JsonValue, expiryMs, version, job: id }, config: plan });
    } else if (plan.outcome === 'kept')
      wishes.push({ at, wish: null, change: { job: id, place, state: 'applied', reason: null, command: plan.before.command } });
    else wishes.push({ at, wish: null, change: { job: id, place, state: 'failed', reason: plan.error.message, command: null } });
  }
  return wishes;
}

/** What is written along with the commands of a job. */
export function besides(
  job: JobRecord,
  asked: readonly { readonly command: Command; readonly config: ConfigToSend | null }[],
  planner: ConfigPlanner,
): { readonly statements: readonly Statement[]; readonly events: readonly NewEvent[] } {
  const statements: Statement[] = [];
  const events: NewEvent[] = [];
  for (const { command, config } of asked) {
    if (config === null) continue;
    const record = planner.record(config, command, configChangeOf(job));
    statements.push(...record.statements);
    events.push(...record.events);
  }
  return { statements, events };
}
