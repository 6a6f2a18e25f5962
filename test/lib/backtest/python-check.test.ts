import { expect, it } from 'vitest';
import { requirePeer } from '../../helpers/peers.ts';
import { backtestFixture, recordingBacktests, recordingFile } from '../../helpers/recorded-backtests.ts';
import { recordedSamples } from '../../helpers/recorded-samples.ts';
import { changesByPython, documentOf, occurrencesFound, occurrencesOf, type ReferenceRule } from './python-reference.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const BANDS = [
  [
    { level: 'major', high: 95, deadband: 2 },
    { level: 'critical', high: 100, deadband: 1 },
    { level: 'minor', low: 80, deadband: 5 },
  ],
  [
    { level: 'warning', high: 90 },
    { level: 'minor', high: 93, deadband: 1 },
    { level: 'major', high: 97, deadband: 4 },
    { level: 'critical', high: 99, deadband: 0.5 },
  ],
];
const DELAYS = [
  [0, 0],
  [12, 0],
  [0, 17],
  [23, 41],
  [60, 7],
] as const;
const REPEATS = [null, { times: 3, within: 20 * MINUTE }, { times: 5, within: 60 * MINUTE }] as const;

const bandRules = BANDS.flatMap((bands) =>
  DELAYS.flatMap(([on, off]) => REPEATS.map((repeat): ReferenceRule => ({ when: { bands }, onDelay: on * MINUTE, offDelay: off * MINUTE, repeat }))),
);

const found = (when: ReferenceRule['when'], onDelay = 0, offDelay = 0): ReferenceRule => ({ when, onDelay, offDelay });
const levels = (deviations: number) => [
  { level: 'minor', deviations },
  { level: 'critical', deviations: 2 * deviations },
];
const windowRules: readonly ReferenceRule[] = [
  found({
    rate: {
      over: 30 * MINUTE,
      per: HOUR,
      levels: [
        { level: 'minor', high: 8, deadband: 2 },
        { level: 'major', low: -8, deadband: 1 },
      ],
    },
  }),
  found({ rate: { over: 7 * MINUTE, per: MINUTE, levels: [{ level: 'warning', high: 0.3 }] } }, 5 * MINUTE, 10 * MINUTE),
  ...(['line', 'holt'] as const).flatMap((method) => [
    found({
      trend: {
        method,
        window: 6 * HOUR,
        limit: 75,
        direction: 'below',
        levels: [
          { level: 'warning', within: 8 * HOUR },
          { level: 'major', within: 2 * HOUR },
        ],
      },
    }),
    found({ trend: { method, window: 2 * DAY, limit: 105, direction: 'above', levels: [{ level: 'minor', within: DAY }] } }, 30 * MINUTE, HOUR),
  ]),
  found({ anomaly: { against: 'own', window: 12 * HOUR, direction: 'both', differenceMin: 1, minSamples: 30, deadband: 1, levels: levels(3) } }),
  found(
    { anomaly: { against: 'own', window: 12 * DAY, direction: 'below', differenceMin: 0, minSamples: 100, deadband: 1, levels: levels(4) } },
    20 * MINUTE,
    15 * MINUTE,
  ),
];

it.for([
  { kinds: 'bands with deadbands, delays and repeats', rules: bandRules, changesMin: 1000 },
  { kinds: 'rates, trends and anomalies', rules: windowRules, changesMin: 300 },
])('a back-test of $kinds says what a Python script says of the same recording', { timeout: 120_000 }, async ({ rules, changesMin }, context) => {
  requirePeer('python3', context);
  const fixture = await recordingBacktests('machine-temperature', ['value']);
  const wanted = changesByPython([{ file: recordingFile('machine-temperature'), time: 'timestamp', column: 'value' }], rules);
  // Two at a time: the comparison lists what each of them finds.
  for (let at = 0; at < rules.length; at += 2) {
    const documents = rules.slice(at, at + 2).map((rule) => documentOf(rule, 'checked'));
    const outcome = await fixture.run(documents);
    for (const [index, document] of documents.entries()) {
      const occurrences = occurrencesFound(outcome.rules[index], 'machine-temperature');
      expect(occurrences, JSON.stringify(document)).toEqual(occurrencesOf(wanted[at + index]?.[0] ?? []));
    }
  }
  expect(wanted.flat(2).length).toBeGreaterThan(changesMin);
});

/** Slices of the recording as devices side by side: all in the same hours, none at the same moment. */
const SIBLINGS = 8;
const SIBLING_SAMPLES = 500;

it('a back-test of siblings sees all devices in the order of time, as a Python script does', { timeout: 120_000 }, async (context) => {
  requirePeer('python3', context);
  const samples = recordedSamples(recordingFile('machine-temperature'), 1).slice(0, SIBLINGS * SIBLING_SAMPLES);
  const rows = samples.map((sample, index) => {
    const sibling = Math.floor(index / SIBLING_SAMPLES);
    return { ...sample, series: (sibling + 1) as typeof sample.series, time: 1_400_000_000_000 + (index % SIBLING_SAMPLES) * 5 * MINUTE + sibling * 17_001 };
  });
  const devices = Array.from({ length: SIBLINGS }, (_, index) => ({ device: `machine-${index}`, path: 'value', series: index + 1 }));
  const fixture = await backtestFixture(devices, rows);
  const rules = [
    found({ anomaly: { against: 'siblings', window: 4 * MINUTE, direction: 'both', differenceMin: 0, minSamples: 5, deadband: 1, levels: levels(3) } }),
    found(
      { anomaly: { against: 'siblings', window: HOUR, direction: 'below', differenceMin: 5, minSamples: 7, deadband: 1, levels: levels(2) } },
      10 * MINUTE,
      HOUR,
    ),
  ];
  const wanted = changesByPython(
    devices.map(({ series }) => ({ rows: rows.filter((row) => row.series === series).map(({ time, value }) => [time, Number(value)] as const) })),
    rules,
  );
  for (const [index, rule] of rules.entries()) {
    const {
      rules: [outcome],
    } = await fixture.run([documentOf(rule, 'checked')]);
    for (const [place, { device }] of devices.entries())
      expect(occurrencesFound(outcome, device), `${device}: ${JSON.stringify(rule)}`).toEqual(occurrencesOf(wanted[index]?.[place] ?? []));
  }
  expect(wanted.flat(2).length).toBeGreaterThan(40);
});
