import type { Command as OclifCommand } from '@oclif/core';
import type { JobConfigChange } from '../api/schema/jobs.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { AskCommand } from './ask-command.ts';
import { CONFIG_PREVIEW_COLUMNS } from './config-columns.ts';

/** The base of `device config set` and `rollback`: one device, or with --selector a job. */
export abstract class ConfigCommand<T extends typeof OclifCommand> extends AskCommand<T> {
  /** `verb`: of the question, such as `Change the configuration of`. */
  protected askConfigs(selector: string, verb: string, config: JobConfigChange): Promise<void> {
    return this.askMany(selector, {
      verb,
      make: (hub, options) => hub.jobs.createConfig({ ...options, config }),
      preview: (hub) => this.#preview(hub, selector, config),
    });
  }

  async #preview(hub: HubClient, selector: string, config: JobConfigChange): Promise<void> {
    const { devices, groups, others } = await hub.jobs.previewConfig({ selector, config });
    await this.print(groups, CONFIG_PREVIEW_COLUMNS);
    if (others > 0) this.say(`${others} devices more, in other ways.`);
    this.say(`${devices} devices would be asked; nothing was.`);
  }
}

/** One device, or a selector in its place. Throws usage. */
export function checkOneOrMany(device: string | undefined, selector: string | undefined): void {
  if (device === undefined && selector === undefined)
    throw new MusterError('usage', 'Which device is missing.', { hint: 'Give its id, or --selector for many.' });
  if (device !== undefined && selector !== undefined)
    throw new MusterError('usage', `Both ${device} and --selector say which devices.`, { hint: 'Give one of the two.' });
}
