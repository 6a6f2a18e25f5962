import { type Command, Flags } from '@oclif/core';
import { TIMEOUT_MS } from '../client/connection.ts';
import { createHubClient, type HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { readContexts } from './contexts.ts';
import { durationFlag } from './flags.ts';
import { type HubTarget, resolveTarget } from './hub-target.ts';
import { MusterCommand } from './muster-command.ts';

/** The base of every command that talks to a hub. */
export abstract class HubCommand<T extends typeof Command> extends MusterCommand<T> {
  static override baseFlags = {
    ...MusterCommand.baseFlags,
    context: Flags.string({ summary: 'Hub to use, by the name of its context', helpValue: '<name>', helpGroup: 'HUB' }),
    url: Flags.string({ summary: 'URL of the hub (or MUSTER_URL)', helpValue: '<url>', helpGroup: 'HUB' }),
    token: Flags.string({ summary: 'API token; MUSTER_TOKEN does not show in the list of processes', helpValue: '<token>', helpGroup: 'HUB' }),
    project: Flags.string({ summary: 'Project that the token must belong to (or MUSTER_PROJECT)', helpValue: '<name>', helpGroup: 'HUB' }),
    timeout: durationFlag({ summary: 'Longest wait for an answer (default 30s)', helpGroup: 'HUB' }),
  };

  #hub: HubClient | undefined;
  #target: HubTarget | undefined;

  /** The hub that flags, environment or context name. */
  protected async hub(): Promise<HubClient> {
    const { timeout } = this.flags as { timeout?: number };
    this.#hub ??= createHubClient({
      ...this.target(),
      timeoutMs: timeout ?? TIMEOUT_MS,
      signal: this.signal,
      onIncomplete: (why) => this.say(`Warning: samples may be missing: ${why}. See \`muster storage show\`.`),
    });
    return this.#hub;
  }

  /** The same, for commands that change something. */
  protected async writable(): Promise<HubClient> {
    const target = this.target();
    if (target.readOnly) throw new MusterError('read_only_context', `The context ${target.context ?? ''} is read-only.`);
    return this.hub();
  }

  protected target(): HubTarget {
    if (this.#target === undefined) {
      this.#target = resolveTarget(this.flags as Record<string, string | undefined>, process.env, () => {
        const contexts = readContexts();
        if (contexts.exposed) this.say('Warning: other users could read the file of your contexts; it is private now. Consider new tokens.');
        return contexts;
      });
    }
    return this.#target;
  }
}
