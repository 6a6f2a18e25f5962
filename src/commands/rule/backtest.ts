import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { Args, Flags } from '@oclif/core';
import type { BacktestResult, TriedRule } from '../../lib/api/schema/backtests.ts';
import { filterFlag, listFlags } from '../../lib/cli/flags.ts';
import { RuleCommand } from '../../lib/cli/rule-command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { SINCE_TOO, timeFlag, timezoneFlag, UNTIL_TOO } from '../../lib/reading/flags.ts';

const DAY_MS = 86_400_000;
const SINCE_MS = 30 * DAY_MS;
const OCCURRENCES_MAX = 10_000;
const LISTED = 20;

interface ChosenRule {
  readonly tried: TriedRule;
  /** For the limits in the chart. */
  readonly document: Readonly<Record<string, unknown>>;
  /** null: it is in the hub. */
  readonly file: string | null;
}

export default class RuleBacktest extends RuleCommand<typeof RuleBacktest> {
  static override summary = 'Replay stored history through a rule, and say when it would have raised an alarm';
  static override description =
    `The rule is the id of one in the hub, or a file. The hub shows it the stored samples of the range, with the code that evaluates live ones: condition, deadband, delays, repeats, calendar, the state of the alarm. It says how often it would have raised, how bad, for how long, and who would have been told had nobody acknowledged anything. The hub is not changed, nobody is told, and no action is done.

--against compares two rules, or two versions of one: what only one of them would have found, what both would have. A day before the range, and the windows of the condition, are shown to the rules first. Devices are judged by the type, labels and group that they have now.

The table shows the first occurrences of each rule, and of a comparison those that differ (--all: both); --json gives the whole result, ndjson and csv the occurrences. With --max the exit code is 99 when the (first) rule would have raised more alarms than that.`;
  static override args = {
    rule: Args.string({ description: 'Id of the rule in the hub, or its file (- for stdin)', required: true }),
  };
  static override flags = {
    version: Flags.integer({ summary: 'An older version of the rule in the hub', helpValue: '<n>', min: 1 }),
    against: Flags.string({ summary: 'Compare with this version of the rule, another rule, or a file', helpValue: '<n|rule|file>' }),
    since: timeFlag({ summary: 'Beginning: -30d, -2w, yesterday, 2026-11-22, ...; the last 30 days unless given', ...SINCE_TOO }),
    until: timeFlag({ summary: 'End, exclusive; now unless given', ...UNTIL_TOO }),
    device: filterFlag({ summary: 'Only these devices; * stands for any text', helpValue: '<id>', multiple: true, multipleNonGreedy: true }),
    point: filterFlag({ summary: 'Only these points; * stands for any text', helpValue: '<path>', multiple: true, multipleNonGreedy: true }),
    'on-time': Flags.boolean({ summary: 'Leave out samples that came late, as live evaluation does' }),
    max: Flags.integer({ summary: 'Exit with 99 when it would have raised more alarms than this', helpValue: '<alarms>', min: 0 }),
    chart: Flags.boolean({ summary: 'Draw the values or timelines', default: true, allowNo: true }),
    width: Flags.integer({ summary: 'Columns of the chart; the terminal, or 80', min: 20, max: 1000, helpValue: '<columns>' }),
    timezone: timezoneFlag(),
    ...listFlags,
    limit: Flags.integer({ summary: 'Occurrences in the table at most', helpValue: '<rows>', min: 1, default: LISTED, exclusive: ['all'] }),
  };
  static override examples = [
    '<%= config.bin %> rule backtest boiler-hot --since -30d',
    { description: 'A draft against what is in force:', command: '<%= config.bin %> rule backtest boiler-hot --against rule.yaml --since 90d' },
    { description: 'Two versions, on some devices:', command: "<%= config.bin %> rule backtest boiler-hot --against 1 --device 'boiler*'" },
    { description: 'Fail a build when a rule would be noisy:', command: '<%= config.bin %> rule backtest rule.yaml --since 7d --max 5 --json' },
  ];

  async run(): Promise<void> {
    const { since, until, timezone, max, device, point } = this.flags;
    const [{ occurrenceColumns }, { parseRange }, { readDuration }] = await Promise.all([
      import('../../lib/reading/backtest/occurrence-columns.ts'),
      import('../../lib/reading/time-expression.ts'),
      import('../../lib/domain/duration.ts'),
    ]);
    const columns = occurrenceColumns(timezone, this.flags.against !== undefined);
    if (this.output !== 'json' && this.output !== 'yaml') this.checkColumns(columns);
    const hub = await this.hub();
    const rules = await this.#rules();
    const from = since !== undefined && readDuration(since) !== null ? `-${since}` : since;
    const range = parseRange(from, until, { now: (await hub.time()).time, timezone, lastMs: SINCE_MS });
    const result = await this.#replayed({
      rules: rules.map(({ tried }) => tried),
      ...range,
      late: this.flags['on-time'] ? 'skip' : 'use',
      parts: Math.min(1000, this.#width()),
      occurrences: OCCURRENCES_MAX,
      ...(device && { devices: device }),
      ...(point && { points: point }),
    }).catch((error: unknown) => this.#wrongOf(error, rules));
    await this.#show(result, rules);
    const [first] = result.rules;
    if (max !== undefined && first !== undefined && first.totals.occurrences > max) {
      const alarms = first.totals.occurrences;
      throw new MusterError('threshold', `${first.rule} would have raised ${alarms} ${alarms === 1 ? 'alarm' : 'alarms'}, more than ${max}.`, {
        details: { alarms, max },
      });
    }
  }

  /** Of two rules the hub says which one is wrong. */
  async #wrongOf(error: unknown, rules: readonly ChosenRule[]): Promise<never> {
    const index = error instanceof MusterError ? error.details?.rule : undefined;
    const rule = typeof index === 'number' ? rules[index] : undefined;
    if (rule === undefined) throw error;
    return this.wrong(error, rule.document);
  }

  async #rules(): Promise<readonly ChosenRule[]> {
    const { rule } = this.args;
    const { version, against } = this.flags;
    const first = await this.#rule(rule, version);
    if (against === undefined) return [first];
    const id = typeof first.document.id === 'string' ? first.document.id : rule;
    return [first, await (/^\d+$/.test(against) ? this.#rule(id, Number(against)) : this.#rule(against, undefined))];
  }

  async #rule(name: string, version: number | undefined): Promise<ChosenRule> {
    if (name === '-' || /\.(ya?ml|json)$/i.test(name) || existsSync(name)) {
      if (version !== undefined) throw new MusterError('usage', `--version is of a rule in the hub, and ${name} is a file.`);
      const { readOneRule } = await import('../../lib/cli/rule-file.ts');
      const document = await readOneRule(name, this.signal);
      return { tried: { document }, document, file: name === '-' ? 'stdin' : basename(name) };
    }
    const { document, version: found } = await (await this.hub()).rules.show(name, version);
    return { tried: { rule: name, version: found }, document, file: null };
  }

  async #replayed(request: Parameters<Awaited<ReturnType<typeof this.hub>>['backtest']>[0]): Promise<BacktestResult> {
    const [{ startProgress }, hub] = await Promise.all([import('../../lib/simulation/progress.ts'), this.hub()]);
    let line = 'Reading ...';
    const progress = startProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), line: () => line });
    const began = performance.now();
    try {
      const steps = hub.backtest(request, this.signal);
      for (let step = await steps.next(); ; step = await steps.next()) {
        if (step.done) return step.value;
        const { samples, time, from, to, occurrences } = step.value;
        const part = Math.max(0, Math.min(1, (time - from) / (to - from)));
        const seconds = (performance.now() - began) / 1000;
        const left = part > 0.02 ? `, ${Math.ceil((seconds / part) * (1 - part))} s left` : '';
        line = `${Math.round(part * 100)} %, ${(samples / 1e6).toFixed(1)} million samples, ${occurrences.join(' and ')} alarms${left}`;
      }
    } finally {
      progress.stop();
    }
  }

  async #show(result: BacktestResult, rules: readonly ChosenRule[]): Promise<void> {
    const { limit, all, timezone } = this.flags;
    const { occurrenceColumns, occurrenceRows } = await import('../../lib/reading/backtest/occurrence-columns.ts');
    const compared = result.comparison !== null;
    const columns = occurrenceColumns(timezone, compared);
    if (this.output === 'json' || this.output === 'yaml') return this.printOne(result, []);
    const rows = occurrenceRows(result, all || this.output !== 'table');
    if (this.output !== 'table' || this.flags.columns !== undefined) return this.print(rows, columns);
    await this.#picture(result, rules);
    if (rows.length > 0) {
      await this.write(`\n${compared && !all ? 'Where they differ:\n' : ''}`);
      await this.printList((rowsMax) => rows.slice(0, rowsMax), columns, { limit, all });
    }
  }

  async #picture(result: BacktestResult, rules: readonly ChosenRule[]): Promise<void> {
    const [{ figureColumns, figureRows, headingOf }, { pictureOf }, { limitsOfRule }] = await Promise.all([
      import('../../lib/reading/backtest/summary.ts'),
      import('../../lib/reading/backtest/picture.ts'),
      import('../../lib/reading/backtest/limits-of-rule.ts'),
    ]);
    const { timezone, chart } = this.flags;
    const files = rules.map(({ file }) => file);
    await this.write(`${headingOf(result, files, timezone).join('\n')}\n\n`);
    if (chart && result.samples > 0) {
      const { colour } = this.style();
      const levels = rules.flatMap(({ document }) => limitsOfRule(document));
      const lines = await pictureOf(await this.hub(), result, { width: this.#width(), height: 12, timezone, colour, levels });
      if (lines.length > 0) await this.write(`${lines.join('\n')}\n\n`);
    }
    await this.print(figureRows(result), figureColumns(result.rules, files));
    if (result.rules.every(({ subjects }) => subjects === 0)) this.say('The rule watches nothing there: see `muster rule explain`, and --device and --point.');
    else if (result.samples === 0) this.say('There are no samples in this range of what the rule watches: see `muster rule explain` and `muster query`.');
  }

  #width(): number {
    return this.flags.width ?? (process.stdout.isTTY ? process.stdout.columns || 80 : 80);
  }
}
