import { existsSync } from 'node:fs';
import { Args, Flags } from '@oclif/core';
import type { MessageDevice } from '../../lib/alarms/message.ts';
import type { Rule } from '../../lib/alarms/rule.ts';
import type { RuleDocument } from '../../lib/api/schema/rules.ts';
import { durationFlag } from '../../lib/cli/flags.ts';
import { RuleCommand } from '../../lib/cli/rule-command.ts';
import type { TrialSample, TrialStep } from '../../lib/cli/rule-trial/trial-step.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { timeFlag, timezoneFlag } from '../../lib/reading/flags.ts';
import { RECORDING_FORMATS } from '../../lib/reading/recording/read-recording.ts';

export default class RuleTest extends RuleCommand<typeof RuleTest> {
  static override summary = 'Show values to a rule, and see step by step what it does with them';
  static override description =
    `The rule is a file, or the id of one in the hub. The values are typed, or come from a file (--values, CSV or NDJSON as \`muster import\` reads them), or are those that the hub has stored of a device (--device with --since). A rule in a file with typed values needs no hub.

Typed values are --every apart, the first at --from. One may say its time: 12:00=85, +90s=85 (after the first) or 2026-11-22T10:00Z=85; for a rule on several points, temperature=85,pressure=3. null is a value whose quality is not good. Negative values come after \`--\`.

It is the code of the hub that runs: condition, deadband, delays, repeats, the state of the alarm, who would be told. The hub is not changed, nobody is told, and no action is done. Other alarms, which may suppress this one, are not there.`;
  static override args = {
    rule: Args.string({ description: 'File of the rule (- for stdin), or its id in the hub', required: true }),
    values: Args.string({ description: 'Values', multiple: true, required: false }),
  };
  static override flags = {
    every: durationFlag({ summary: 'Between two typed values', default: 60_000, defaultHelp: async () => '1m' }),
    from: timeFlag({ summary: 'Time of the first typed value; now unless given' }),
    // biome-ignore lint/suspicious/noThenProperty: it is a flag
    then: durationFlag({ summary: 'Let so much time pass after the last value' }),
    values: Flags.string({ summary: 'File with values', helpValue: '<file>', exclusive: ['since'] }),
    format: Flags.option({ summary: 'Form of that file; by its name unless given', options: RECORDING_FORMATS, dependsOn: ['values'] })(),
    map: Flags.string({
      summary: 'Take this column of it as this point',
      helpValue: '<column=point>',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['values'],
    }),
    device: Flags.string({ summary: 'Device whose stored values are taken, or of which the file is', helpValue: '<device>' }),
    point: Flags.string({ summary: 'Only this point', helpValue: '<path>' }),
    since: timeFlag({ summary: 'Stored values from here on: -1d, yesterday, 2026-11-22, ...', dependsOn: ['device'] }),
    until: timeFlag({ summary: 'and before this; now unless given', dependsOn: ['since'] }),
    changes: Flags.boolean({ summary: 'Only the steps at which something changes' }),
    version: Flags.integer({ summary: 'An older version of a rule in the hub', helpValue: '<n>', min: 1 }),
    timezone: timezoneFlag(),
  };
  static override examples = [
    '<%= config.bin %> rule test rule.yaml 70 85 91 60',
    { description: 'With times, and what happens in the ten minutes after:', command: '<%= config.bin %> rule test rule.yaml 70 +20s=85 +50s=91 --then 10m' },
    { description: 'A recording:', command: '<%= config.bin %> rule test rule.yaml --values recording.csv --device boiler-7 --changes' },
    { description: 'A rule of the hub on what is stored:', command: '<%= config.bin %> rule test boiler-hot --device boiler-7 --since -2d --changes' },
  ];

  async run(): Promise<void> {
    const [{ document, version }, { readRuleHere, scriptsOf }] = await Promise.all([this.#document(), import('../../lib/cli/rule-trial/read-rule.ts')]);
    const scripts = await scriptsOf(document);
    try {
      await this.#try(await readRuleHere(document, version, scripts).catch((error: unknown) => this.wrong(error, document)));
    } finally {
      await scripts?.stop();
    }
  }

  async #try(rule: Rule): Promise<void> {
    const [{ createTrial }, { totalsText, trialColumns }] = await Promise.all([
      import('../../lib/cli/rule-trial/run-trial.ts'),
      import('../../lib/cli/rule-trial/trial-columns.ts'),
    ]);
    const { changes, then: thenMs = 0 } = this.flags;
    const { samples, start, several } = await this.#samples(rule);
    const columns = trialColumns(start, { subjects: several, points: rule.condition.subject !== 'point' && pointsOf(rule).length > 1 });
    this.checkColumns(columns);
    const device = await this.#device();
    const trial = createTrial({ rule, samples, thenMs, device: (id) => (device?.id === id ? device : null), unit: () => null });
    await this.print(changes ? changed(trial.steps) : trial.steps, columns);
    const { totals } = trial;
    this.say(totalsText(totals));
    if (totals.samples === 0 && totals.unwatched > 0) {
      throw new MusterError('invalid', 'The rule looks at none of these points.', { hint: `It looks at ${pointsOf(rule).join(', ')}.` });
    }
  }

  async #document(): Promise<{ document: RuleDocument; version: number }> {
    const { rule: name } = this.args;
    if (name !== '-' && !/\.(ya?ml|json)$/i.test(name) && !existsSync(name)) return (await this.hub()).rules.show(name, this.flags.version);
    const { readOneRule } = await import('../../lib/cli/rule-file.ts');
    return { document: await readOneRule(name, this.signal), version: 1 };
  }

  async #samples(rule: Rule): Promise<{ samples: Iterable<TrialSample> | AsyncIterable<TrialSample>; start: number | null; several: boolean }> {
    const { values: typed = [] } = this.args;
    const { values: file, since, until, device, point, timezone } = this.flags;
    const given = [typed.length > 0, file !== undefined, since !== undefined].filter(Boolean).length;
    if (given !== 1) {
      throw new MusterError('usage', given === 0 ? 'There are no values.' : 'The values come from one place.', {
        hint: 'Type them behind the rule, or give --values FILE, or --device DEVICE --since -1d.',
      });
    }
    const { valuesOfFile, valuesOfHub } = await import('../../lib/reading/trial-samples.ts');
    if (file !== undefined) {
      const { map, format } = this.flags;
      const all = valuesOfFile(file, { device, map, format, timezone, signal: this.signal });
      return { samples: (point === undefined ? all : onlyPoint(all, point)) as AsyncIterable<TrialSample>, start: null, several: true };
    }
    if (since !== undefined && device !== undefined) {
      const { parseTime } = await import('../../lib/reading/time-expression.ts');
      const hub = await this.hub();
      const context = { now: (await hub.time()).time, timezone };
      const range = { from: parseTime(since, context), to: until === undefined ? context.now + 1 : parseTime(until, context) };
      const points = point === undefined ? pointsOf(rule) : [point];
      return { samples: valuesOfHub(hub, { device, points, ...range }) as AsyncIterable<TrialSample>, start: null, several: points.length !== 1 };
    }
    return this.#typed(rule, typed);
  }

  async #typed(rule: Rule, values: readonly string[]): Promise<{ samples: readonly TrialSample[]; start: number; several: boolean }> {
    const [{ typedSamples }, { parseTime, readTime, readAbsoluteTime }, { isoInZone }] = await Promise.all([
      import('../../lib/cli/rule-trial/typed-values.ts'),
      import('../../lib/reading/time-expression.ts'),
      import('../../lib/domain/time-zone.ts'),
    ]);
    const { from, timezone, every: everyMs, device = 'device', point } = this.flags;
    const now = Math.floor(Date.now() / 1000) * 1000;
    const start = from === undefined ? now : parseTime(from, { now, timezone });
    const day = isoInZone(start, timezone).slice(0, 10);
    const points = point === undefined ? pointsOf(rule).map((path) => path.replaceAll('*', 'any')) : [point];
    const samples = typedSamples({
      ...{ values, everyMs, start, device, points },
      readTime: (text) =>
        /^\d{1,2}:\d{2}(:\d{2})?$/.test(text)
          ? readAbsoluteTime(`${day}T${text.padStart(text.length < 6 ? 5 : 8, '0')}`, timezone)
          : readTime(text, { now, timezone }),
    });
    return { samples, start, several: false };
  }

  async #device(): Promise<MessageDevice | null> {
    if (this.flags.since === undefined || this.flags.device === undefined) return null;
    const { id, name, type, labels } = await (await this.hub()).devices.show(this.flags.device);
    return { id, name, type, labels };
  }
}

/** Those that the rule names: of a condition on one point its scope does. */
function pointsOf({ condition, scope }: Rule): readonly string[] {
  const named = condition.subject === 'point' ? scope.points : condition.points;
  return named.length === 0 ? ['*'] : named;
}

async function* changed(steps: AsyncIterable<TrialStep>): AsyncGenerator<TrialStep> {
  const pending = new Map<string, string>();
  for await (const step of steps) {
    const now = JSON.stringify([step.finding, step.pending]);
    if (step.transitions.length > 0 || now !== (pending.get(step.subject) ?? '[null,null]')) yield step;
    pending.set(step.subject, now);
  }
}

async function* onlyPoint<Value extends { readonly point: string }>(values: AsyncIterable<Value>, point: string): AsyncGenerator<Value> {
  for await (const value of values) if (value.point === point) yield value;
}
