import { expect, it } from 'vitest';
import type { BacktestLine, BacktestResult } from '../../src/lib/api/schema/backtests.ts';
import type { EventItem } from '../../src/lib/api/schema/events.ts';
import { apiOf } from '../helpers/api.ts';
import { hubHere } from '../helpers/hub-here.ts';
import { recordingFile } from '../helpers/recorded-backtests.ts';
import { recordedSamples } from '../helpers/recorded-samples.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { testClock } from '../helpers/test-clock.ts';

const SCOPE = { points: 'part/temperature' };
const RULES = [
  { id: 'plain', scope: SCOPE, when: { bands: [{ level: 'major', high: 92, deadband: 2 }, { level: 'critical', high: 98, deadband: 2 }, { level: 'minor', low: 70 }] } },
  { id: 'delayed', scope: SCOPE, when: { bands: [{ level: 'major', high: 94, deadband: 1 }] }, onDelay: '12m', offDelay: '7m' },
  { id: 'repeated', scope: SCOPE, when: { bands: [{ level: 'warning', high: 92 }] }, repeat: { times: 3, within: '20m' } },
  { id: 'latched', scope: SCOPE, when: { bands: [{ level: 'major', low: 82, deadband: 3 }] }, latch: true, requiresAck: false },
  { id: 'office', scope: SCOPE, when: { bands: [{ level: 'major', high: 92, deadband: 1 }] }, calendar: { timezone: 'Europe/Paris', active: ['mon-fri 08:00-18:00'] } },
  { id: 'silent', scope: SCOPE, when: { noData: { after: '25m', level: 'critical' } } },
  { id: 'silent-device', when: { noData: { after: '40m', level: 'major', of: 'device' } } },
  { id: 'joint', when: { joint: { points: { t: 'part/temperature' }, last: 6, levels: [{ level: 'major', if: 'avg(last.t) > 92' }, { level: 'critical', if: 'slope(last.t, times.t) * 3600 > 12 && t > 90' }] } } },
  { id: 'group', scope: { group: 'plant' }, when: { joint: { over: 'group', points: { t: 'part/temperature' }, maxAge: '25m', every: '7m', level: 'minor', if: 'values.t.count(v, v > 93) * 2 > count' } } },
  { id: 'script', when: { script: { points: { t: 'part/temperature' }, last: 3, level: 'major', source: 'function evaluate(input, state) { const n = min(input.last.t) > 90 ? (state ?? 0) + 1 : 0; return { level: n > 2 ? "major" : null, state: n }; } const min = (list) => Math.min(...list);' } } },
]; // biome-ignore format: one rule a line

it('a back-test finds what the hub raised, changed and cleared when the same samples came', async () => {
  const samples = recordedSamples(recordingFile('machine-temperature'), 1)
    .slice(1200, 1800)
    // Times without samples, for the rules of silence.
    .filter((_, index) => index % 97 < 85);
  const clock = testClock((samples[0]?.time ?? 0) - 60_000);
  const hub = await hubHere({ data: temporaryFolder() }, { clock });
  const api = apiOf(hub.url, hub.token);
  expect((await api('POST', '/devices', { id: 'machine', labels: { group: 'plant' } })).status).toBe(201);
  for (const rule of RULES) expect(await api('POST', '/rules', rule)).toMatchObject({ status: 201 });
  for (const { time, value } of samples) {
    clock.advance(time - clock());
    const { status } = await api('POST', '/devices/machine/report', { ts: time, values: { 'part/temperature': value } });
    expect(status).toBe(202);
  }
  clock.advance(1);

  const events: EventItem[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: { body: { items: EventItem[]; cursor: string | null } } = await api(
      'GET',
      `/events?kind=alarm.*&limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    events.push(...body.items);
    cursor = body.cursor;
  }
  for (const rule of RULES) {
    const lived = events
      .filter((event) => event.rule === rule.id && ['alarm.raised', 'alarm.changed', 'alarm.cleared'].includes(event.kind))
      .map(({ kind, time, details }) => `${new Date(time).toISOString()} ${kind === 'alarm.cleared' ? 'normal' : details.level}`)
      .toSorted();
    const result = await backtest(api, { rules: [{ rule: rule.id }], from: samples[0]?.time });
    const [outcome] = result.rules;
    const replayed = outcome?.occurrences.flatMap(({ changes, clearedAt }) => [
      ...changes.map(({ time, level }) => `${new Date(time).toISOString()} ${level}`),
      ...(clearedAt === null ? [] : [`${new Date(clearedAt).toISOString()} normal`]),
    ]);
    expect(replayed?.toSorted(), rule.id).toEqual(lived);
    expect(lived.length, rule.id).toBeGreaterThan(1);
  }
}, 120_000);

async function backtest(api: ReturnType<typeof apiOf>, request: object): Promise<BacktestResult> {
  const { body, type } = await api('POST', '/rules/backtest', request);
  expect(type).toContain('application/x-ndjson');
  const lines = String(body)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as BacktestLine);
  const last = lines.at(-1);
  if (last?.kind !== 'result') throw new Error(JSON.stringify(last));
  return last.result;
}
