import { Flags } from '@oclif/core';
import { DISPLAY_STATES } from '../../lib/alarms/state/display-state.ts';
import type { AlarmFilter } from '../../lib/api/schema/alarms.ts';
import { countOf } from '../../lib/cli/alarm-action-command.ts';
import { placeOf } from '../../lib/cli/alarm-columns.ts';
import { alarmScopeFlags, alarmScopeOf } from '../../lib/cli/alarm-flags.ts';
import { type Column, isoTime } from '../../lib/cli/column.ts';
import { durationFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { unknownRules, unknownRulesText } from '../../lib/cli/unknown-rules.ts';
import { formatAge, formatDuration } from '../../lib/domain/duration.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import type { Watched } from '../../lib/reading/alarms/watch-alarms.ts';

/** Alarms that a failure names. */
const NAMED = 3;

const COLUMNS: readonly Column<Watched>[] = [
  { name: 'holds', value: (row) => row.holds },
  { name: 'count', value: (row) => row.count, right: true },
  { name: 'least', value: (row) => row.least, right: true },
  { name: 'most', value: (row) => row.most, right: true },
  { name: 'watched-ms', value: (row) => row.watchedMs, right: true },
  { name: 'by', value: (row) => row.by, text: (row) => row.by?.text ?? '' },
];

export default class AlarmAssert extends HubCommand<typeof AlarmAssert> {
  static override summary = 'Fail unless there are so many alarms, for scripts and CI';
  static override description =
    'Counts alarms that are active and neither shelved, suppressed nor out of service, unless --state says otherwise. Without --for and --within it looks once. With --for it watches every change and fails at the first that breaks it; with --within it is done as soon as it holds. The exit code is 99 when it does not hold, and 6 when the hub is away at the end, so that nobody knows.';
  static override flags = {
    min: Flags.integer({ summary: 'At least so many', helpValue: '<alarms>', min: 0, atLeastOne: ['min', 'max'] }),
    max: Flags.integer({ summary: 'At most so many', helpValue: '<alarms>', min: 0 }),
    for: durationFlag({ summary: 'It must hold all of this time', exclusive: ['within'] }),
    within: durationFlag({ summary: 'It must come to hold within this time', exclusive: ['for'] }),
    ...alarmScopeFlags,
    state: Flags.option({ summary: 'Count those in this state; repeats', options: DISPLAY_STATES, multiple: true, multipleNonGreedy: true })(),
  };
  static override examples = [
    { description: 'No major or critical alarm at the moment:', command: '<%= config.bin %> alarm assert --max 0 --severity major+' },
    { description: 'None of the boilers for five minutes:', command: '<%= config.bin %> alarm assert --max 0 --severity major+ --rule boiler-hot --for 5m' },
    { description: 'The test must raise it:', command: '<%= config.bin %> alarm assert --min 1 --rule boiler-hot --within 30s' },
  ];

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const { min = null, max = null, within, for: throughout, state = ['unacknowledged', 'acknowledged'] } = this.flags;
    if (min !== null && max !== null && min > max) throw new MusterError('usage', '--min is greater than --max.');
    const hub = await this.hub();
    const filter = alarmScopeOf(this.flags);
    const unknown = await unknownRules(hub, filter.rule);
    if (unknown.length > 0) this.say(unknownRulesText(unknown));
    const durationMs = throughout ?? within;
    const wanted = [min === null ? '' : `at least ${min}`, max === null ? '' : `at most ${max}`].filter((bound) => bound !== '').join(' and ');
    let watched: Watched;
    if (durationMs === undefined) {
      const { count } = await hub.alarms.count({ ...filter, state });
      watched = { holds: (min === null || count >= min) && (max === null || count <= max), count, least: count, most: count, watchedMs: 0, by: null };
    } else {
      const { watchAlarms } = await import('../../lib/reading/alarms/watch-alarms.ts');
      const mode = within === undefined ? 'throughout' : 'within';
      watched = await watchAlarms(hub, { filter, state, min, max, mode, durationMs, signal: this.signal, onNotice: (text) => this.say(text) });
    }
    if (watched.holds) {
      const when = throughout === undefined ? '' : ` for ${formatDuration(throughout)}`;
      return this.printDone(`${countOf(watched.count)}, ${wanted}${when}: it holds.`, watched, COLUMNS);
    }
    const reason =
      watched.by === null ? await this.#standing({ ...filter, state }) : `${placeText(watched.by)} at ${isoTime(watched.by.time)}: ${watched.by.text}`;
    const when =
      within !== undefined
        ? ` within ${formatDuration(within)}`
        : throughout === undefined
          ? ''
          : ` after ${formatAge(watched.watchedMs)} of ${formatDuration(throughout)}`;
    throw new MusterError('threshold', `${countOf(watched.count)} instead of ${wanted}${when}${reason === '' ? '' : ` (${reason})`}.`, {
      hint: 'Look at them with `muster alarm list` and `muster alarm show`.',
      details: { ...watched },
    });
  }

  /** The worst few of those that were there from the beginning. */
  async #standing(filter: AlarmFilter): Promise<string> {
    const hub = await this.hub();
    const named: string[] = [];
    for await (const alarm of hub.alarms.list(filter, { limit: NAMED + 1 })) named.push(placeText(alarm));
    return named.length > NAMED ? `${named.slice(0, NAMED).join('; ')}; ...` : named.join('; ');
  }
}

function placeText(of: { readonly rule: string | null; readonly device: string | null; readonly point: string | null }): string {
  return `${of.rule} on ${placeOf({ group: null, ...of })}`;
}
