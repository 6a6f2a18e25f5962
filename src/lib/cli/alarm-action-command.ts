import { Args, type Command, Flags } from '@oclif/core';
import type { AlarmActionResults, OperatorActionBody } from '../api/schema/alarms.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import { ALARM_ACTION_COLUMNS, type AlarmActionRow, refOf } from './alarm-columns.ts';
import { type AlarmFilterGiven, alarmFilterFlags, alarmFilterOf } from './alarm-flags.ts';
import { alarmIdOf } from './alarm-refs.ts';
import { failUnlessAll } from './bulk.ts';
import { dryRunFlag, yesFlag } from './flags.ts';
import { HubCommand } from './hub-command.ts';
import { confirmUnless } from './prompt.ts';

/** How an action reads: `Acknowledge 12 alarms?`, `acknowledged`. */
export interface ActionWords {
  readonly verb: string;
  readonly done: string;
}

/** What every command that acts on alarms takes. */
export const alarmActionArgs = {
  alarm: Args.string({ description: 'Refs of alarms as `muster alarm list` shows them, or whole ids; else the filters say which', multiple: true }),
};
export const alarmActionFlags = { ...alarmFilterFlags, yes: yesFlag, 'dry-run': dryRunFlag };
/** The same for those that silence alarms: also what is normal at the moment. */
export const alarmSilenceFlags = {
  comment: Flags.string({ char: 'm', summary: 'Why, for the journal', helpValue: '<text>' }),
  normal: Flags.boolean({ summary: 'Also while it is normal: one --rule and one --device (and --point) name it' }),
  ...alarmActionFlags,
};

interface ActionFlags extends AlarmFilterGiven {
  readonly normal?: boolean;
  readonly yes: boolean;
  readonly 'dry-run': boolean;
}

const REQUEST_ALARMS_MAX = 10_000;

/** The base of the commands that act on alarms, by their refs or all that filters find. One row for each; some failed: exit code 7. */
export abstract class AlarmActionCommand<T extends typeof Command> extends HubCommand<T> {
  protected async act(action: OperatorActionBody, words: ActionWords): Promise<void> {
    const flags = this.flags as unknown as ActionFlags;
    if (flags.normal) return this.#actOnSubject(action, words);
    const given = (this.args as { readonly alarm?: readonly string[] }).alarm ?? [];
    const filter = alarmFilterOf(flags);
    const dryRun = flags['dry-run'];
    if (given.length > 0 === Object.keys(filter).length > 0) {
      throw new MusterError('usage', given.length > 0 ? 'Give refs of alarms or filters, not both.' : 'Nothing says which alarms are meant.', {
        hint: 'Give refs as `muster alarm list` shows them, or filters such as --rule or --device.',
      });
    }
    this.checkColumns(ALARM_ACTION_COLUMNS);
    const hub = dryRun ? await this.hub() : await this.writable();
    if (given.length > 0) return this.#show(await actInParts(hub, action, await idsOf(hub, given), dryRun), words);
    // The dry run says which: what is confirmed is what is done, whatever comes meanwhile.
    const found = await hub.alarms.act({ action, filter, dryRun: true });
    const ids = found.items.filter(({ outcome }) => outcome !== 'unchanged').map(({ id }) => id);
    if (found.items.length === 0) this.say('No alarm matches.');
    if (dryRun || ids.length === 0) return this.#show(found, words);
    await confirmUnless(flags.yes, `${words.verb} ${countOf(ids.length)}?`, this.signal);
    await this.#show(await actInParts(hub, action, ids, false), words);
  }

  /** What is normal at the moment: the record is made for it. */
  async #actOnSubject(action: OperatorActionBody, words: ActionWords): Promise<void> {
    const {
      rule,
      device,
      point,
      'dry-run': dryRun,
    } = this.flags as unknown as {
      readonly rule?: readonly string[];
      readonly device?: readonly string[];
      readonly point?: readonly string[];
      readonly 'dry-run': boolean;
    };
    const { alarm = [] } = this.args as { readonly alarm?: readonly string[] };
    if (rule?.length !== 1 || device?.length !== 1 || (point?.length ?? 0) > 1 || alarm.length > 0 || dryRun) {
      throw new MusterError('usage', '--normal wants one --rule and one --device, and one --point if the rule is on points; no refs, and no --dry-run.');
    }
    this.checkColumns(ALARM_ACTION_COLUMNS);
    const hub = await this.writable();
    const [ruleId = '', deviceId = ''] = [rule[0], device[0]];
    await this.#show(await hub.alarms.act({ action, subject: { rule: ruleId, device: deviceId, point: point?.[0] ?? null } }), words);
  }

  async #show({ items, dryRun }: AlarmActionResults, { done }: ActionWords): Promise<void> {
    const rows = items.map(({ outcome, ...item }): AlarmActionRow => ({ ...item, status: outcome !== 'done' ? outcome : dryRun ? `would be ${done}` : done }));
    const only = rows.length === 1 ? rows[0] : undefined;
    if (only?.code != null) {
      throw new MusterError(only.code as ErrorCode, only.reason ?? 'It was refused.', {
        hint: `See how it stands: \`muster alarm show ${refOf(only.id)}\`.`,
        details: { id: only.id },
      });
    }
    await this.print(rows, ALARM_ACTION_COLUMNS);
    failUnlessAll(rows);
  }
}

export function countOf(alarms: number): string {
  return `${alarms} ${alarms === 1 ? 'alarm' : 'alarms'}`;
}

async function idsOf(hub: HubClient, given: readonly string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const one of given) ids.add(await alarmIdOf(hub, one));
  return [...ids];
}

async function actInParts(hub: HubClient, action: OperatorActionBody, ids: readonly string[], dryRun: boolean): Promise<AlarmActionResults> {
  const all = { dryRun, done: 0, unchanged: 0, failed: 0, items: [] as AlarmActionResults['items'] };
  for (let start = 0; start < ids.length; start += REQUEST_ALARMS_MAX) {
    const part = await hub.alarms.act({ action, ids: ids.slice(start, start + REQUEST_ALARMS_MAX), dryRun });
    all.done += part.done;
    all.unchanged += part.unchanged;
    all.failed += part.failed;
    all.items.push(...part.items);
  }
  return all;
}
