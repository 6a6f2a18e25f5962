import { describe, expect, onTestFinished, test } from 'vitest';
import type { Alarm, AlarmActions } from '../../src/lib/api/schema/alarms.ts';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { MusterError } from '../../src/lib/errors/muster-error.ts';
import { watchAlarms } from '../../src/lib/reading/alarms/watch-alarms.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { runMuster } from '../helpers/run-muster.ts';

interface Site {
  readonly hub: TestHub;
  readonly client: HubClient;
}

const BANDS = {
  bands: [
    { level: 'hi', high: 80, deadband: 2 },
    { level: 'hihi', high: 90, deadband: 2 },
  ],
};

/** A hub with a rule on temperatures, and boilers of which some are in paris. */
async function site(flags: readonly string[] = []): Promise<Site> {
  const hub = await startHub(flags);
  const client = createHubClient({ url: hub.url, token: hub.token });
  onTestFinished(() => client.close());
  await client.types.create({ id: 'boiler', mode: 'open' });
  for (const [id, group] of [
    ['b1', 'paris/hall-1'],
    ['b2', 'paris/hall-2'],
    ['b3', 'lyon'],
  ] as const) {
    await client.devices.create({ id, ...(id !== 'b3' && { type: 'boiler' }), labels: { group, site: group.slice(0, 5) } });
  }
  await client.rules.create({
    id: 'hot',
    scope: { points: 'temperature' },
    when: BANDS,
    severities: { hi: 'minor', hihi: 'critical' },
    labels: { team: 'heating' },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the rule's template.
    message: '${device.id} has ${value}',
  });
  return { hub, client };
}

async function all(list: AsyncIterable<Alarm>): Promise<Alarm[]> {
  const alarms: Alarm[] = [];
  for await (const alarm of list) alarms.push(alarm);
  return alarms;
}
const heat = (client: HubClient, device: string, ...values: number[]): Promise<void> =>
  values.reduce<Promise<void>>((before, temperature) => before.then(() => client.report(device, { temperature })).then(() => undefined), Promise.resolve());
const namesOf = async (list: AsyncIterable<Alarm>): Promise<(string | null)[]> => (await all(list)).map(({ device }) => device);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof MusterError ? error.code : String(error)),
  );

describe('the list of alarms', () => {
  test('is sorted by the worst and newest, paged, and narrowed by every filter', async () => {
    const { client } = await site();
    await heat(client, 'b1', 85);
    await heat(client, 'b2', 95);
    await heat(client, 'b3', 82);
    const list = (filters: Parameters<HubClient['alarms']['list']>[0]) => namesOf(client.alarms.list(filters));
    expect(await list({})).toEqual(['b2', 'b3', 'b1']);
    const page = await client.request<{ items: Alarm[]; cursor: string }>('GET', '/alarms', { query: { limit: 2 } });
    expect(page.items.map(({ device }) => device)).toEqual(['b2', 'b3']);
    const rest = await client.request<{ items: Alarm[]; cursor: null }>('GET', '/alarms', { query: { limit: 2, cursor: page.cursor } });
    expect([rest.items.map(({ device }) => device), rest.cursor]).toEqual([['b1'], null]);

    expect(await list({ severity: 'major+' })).toEqual(['b2']);
    expect(await list({ severity: ['minor', 'warning'] })).toEqual(['b3', 'b1']);
    expect(await list({ group: 'paris' })).toEqual(['b2', 'b1']);
    expect(await list({ group: 'par' })).toEqual([]);
    expect(await list({ type: 'boiler' })).toEqual(['b2', 'b1']);
    expect(await list({ label: ['site=paris', 'team=heating'] })).toEqual(['b2', 'b1']);
    expect(await list({ label: 'team=other' })).toEqual([]);
    expect(await list({ text: 'B3 HAS' })).toEqual(['b3']);
    expect(await list({ point: 'temp*', device: 'b1' })).toEqual(['b1']);
    expect(await list({ rule: 'other' })).toEqual([]);
    expect(await list({ origin: 'edge' })).toEqual([]);
    expect(await list({ assignee: '' })).toEqual(['b2', 'b3', 'b1']);
    const [first] = await all(client.alarms.list({ device: 'b1' }));
    expect(await list({ id: first?.id.slice(-8) ?? '' })).toEqual(['b1']);
    expect(await list({ from: first?.raisedAt ?? 0, to: (first?.raisedAt ?? 0) + 1 })).toEqual(['b1']);
    expect(await client.alarms.count({ active: 'true' })).toEqual({ count: 3 });
    expect(await codeOf(list({ device: 'b9' }))).toBe('not_found');
    expect(await codeOf(list({ severity: 'bad' }))).toBe('invalid');

    await client.alarms.act({ action: { kind: 'ack' }, filter: { severity: 'critical' } });
    await heat(client, 'b2', 20);
    expect(await list({})).toEqual(['b3', 'b1']);
    expect(await list({ closed: 'true' })).toEqual(['b2']);
    expect(await list({ closed: 'any' })).toEqual(['b3', 'b1', 'b2']);
    expect(await list({ closed: 'true', text: 'b1' })).toEqual([]);
    expect(await list({ closed: 'true', state: 'shelved' })).toEqual([]);
  });
});

describe('one alarm', () => {
  test('says why: its rule as it was, what happened with who and when, and the samples around it', async () => {
    const { client } = await site();
    await heat(client, 'b1', 70, 75, 85, 92);
    const [alarm] = await all(client.alarms.list());
    const id = alarm?.id ?? '';
    await client.rules.update('hot', {
      id: 'hot',
      scope: { points: 'temperature' },
      when: BANDS,
      severities: { hi: 'minor', hihi: 'critical' },
      description: 'changed',
    });
    await client.alarms.act({ action: { kind: 'ack', comment: 'on my way' }, ids: [id] });
    const detail = await client.alarms.show(id);
    expect(detail.rule).toMatchObject({ id: 'hot', version: 1, versionNow: 2, words: expect.arrayContaining([expect.stringMatching(/temperature/)]) });
    expect(detail.events.map(({ kind, actor, text }) => [kind, actor, text])).toEqual([
      ['alarm.raised', 'rule:hot', 'b1 has 85'],
      ['alarm.changed', 'rule:hot', 'b1 has 92'],
      ['alarm.acked', expect.stringMatching(/^token:/), 'Acknowledged: on my way'],
    ]);
    expect(detail.events[0]?.details).toMatchObject({ ruleVersion: 1, value: 85, after: { active: true, severity: 'minor' } });
    expect(detail.samples).toEqual([
      expect.objectContaining({ point: 'temperature', items: [70, 75, 85, 92].map((value) => expect.objectContaining({ value })) }),
    ]);
    expect(detail.device).toMatchObject({ id: 'b1', type: 'boiler' });
    expect(await codeOf(client.alarms.show('01a2058c-6cf0-7e6d-9871-adca5d72e519'))).toBe('not_found');
  });
});

describe('acting on alarms', () => {
  test('tells of each what became of it, and a dry run changes nothing', async () => {
    const { client } = await site();
    await heat(client, 'b1', 85);
    await heat(client, 'b2', 85);
    const ids = (await all(client.alarms.list())).map(({ id }) => id);
    const nobody = '01a2058c-6cf0-7e6d-9871-adca5d72e519';
    const ack: AlarmActions = { action: { kind: 'ack' }, ids: [...ids, nobody] };
    expect(await client.alarms.act({ ...ack, dryRun: true })).toMatchObject({ dryRun: true, done: 2, failed: 1 });
    expect(await client.alarms.count({ acked: 'false' })).toEqual({ count: 2 });
    const done = await client.alarms.act(ack);
    expect(done).toMatchObject({ done: 2, unchanged: 0, failed: 1 });
    expect(done.items.find(({ id }) => id === nobody)).toMatchObject({ outcome: 'failed', code: 'not_found' });
    expect(await client.alarms.act(ack)).toMatchObject({ done: 0, unchanged: 2, failed: 1 });
    expect(await client.alarms.act({ action: { kind: 'reset' }, filter: {} })).toMatchObject({
      failed: 2,
      items: [{ code: 'conflict' }, { code: 'conflict' }],
    });
    expect(await codeOf(client.alarms.act({ action: { kind: 'ack' } }))).toBe('invalid');
    expect(await codeOf(client.alarms.act({ action: { kind: 'ack' }, ids, filter: {} }))).toBe('invalid');
  });

  test('refuses to shelve longer than the hub allows, and shelves what is normal', async () => {
    const { client } = await site(['--set', 'alarms.shelve-max-ms=3600000']);
    await client.report('b1', { temperature: 20 });
    const subject = { rule: 'hot', device: 'b1', point: 'temperature' };
    expect(await codeOf(client.alarms.act({ action: { kind: 'shelve', forMs: 3_600_001 }, subject }))).toBe('invalid');
    const [shelved] = (await client.alarms.act({ action: { kind: 'shelve', forMs: 3_600_000 }, subject })).items;
    expect(shelved).toMatchObject({ outcome: 'done', state: 'shelved', severity: null });
    await heat(client, 'b1', 95);
    expect(await all(client.alarms.list({ state: 'shelved' }))).toEqual([expect.objectContaining({ active: true, notifiedSeverity: null })]);
  });

  test('needs the right to: a viewer may look', async () => {
    const { hub, client } = await site();
    await heat(client, 'b1', 85);
    const { token } = await client.tokens.create({ name: 'looks', role: 'viewer' });
    const viewer = createHubClient({ url: hub.url, token });
    onTestFinished(() => viewer.close());
    expect(await namesOf(viewer.alarms.list())).toEqual(['b1']);
    expect(await codeOf(viewer.alarms.act({ action: { kind: 'ack' }, filter: {} }))).toBe('not_allowed');
  });
});

test('statistics count what people were told of, and name what chatters', async () => {
  const { client } = await site();
  await heat(client, 'b1', 85, 20, 85, 20, 85);
  await client.report('b2', { temperature: 20 });
  await client.alarms.act({ action: { kind: 'suppress' }, subject: { rule: 'hot', device: 'b2', point: 'temperature' } });
  await heat(client, 'b2', 95);
  const stats = await client.alarms.stats({ operators: 2 });
  expect(stats).toMatchObject({
    complete: true,
    operators: 2,
    told: 3,
    silenced: 1,
    standing: { live: 2, active: 2, byState: { unacknowledged: 1, suppressed: 1 } },
    talkers: [{ rule: 'hot', device: 'b1', point: 'temperature', count: 3, share: 1 }],
    chattering: [{ rule: 'hot', device: 'b1', perMinute: 5, raised: 3 }],
    stale: [],
  });
  expect(await client.alarms.stats({ group: 'lyon' })).toMatchObject({ told: 0, standing: { live: 0 } });
});

describe('an assertion', () => {
  const watch = (client: HubClient, more: Partial<Parameters<typeof watchAlarms>[1]>) =>
    watchAlarms(client, {
      filter: {},
      state: ['unacknowledged', 'acknowledged'],
      min: null,
      max: 0,
      mode: 'throughout',
      durationMs: 20_000,
      signal: new AbortController().signal,
      onNotice: () => undefined,
      ...more,
    });

  test('is broken by an alarm that was raised and cleared between two looks, and says by which', async () => {
    const { client } = await site();
    const watched = watch(client, { filter: { group: 'paris' } });
    // The first is not meant; the second is over at once.
    await heat(client, 'b3', 95);
    for (let decided = false; !decided; ) {
      // In one report: no look falls between the two.
      const now = Date.now();
      await client.report('b1', [
        { ts: now - 1, values: { temperature: 85 } },
        { ts: now, values: { temperature: 20 } },
      ]);
      decided = await Promise.race([watched.then(() => true), new Promise<false>((resolve) => setTimeout(() => resolve(false), 100))]);
    }
    expect(await watched).toMatchObject({ holds: false, count: 1, by: { rule: 'hot', device: 'b1', text: 'b1 has 85' } });
  });

  test('holds to the end when nothing breaks it, and silenced alarms do not', async () => {
    const { client } = await site();
    await client.report('b1', { temperature: 20 });
    await client.alarms.act({ action: { kind: 'out-of-service' }, subject: { rule: 'hot', device: 'b1', point: 'temperature' } });
    const watched = watch(client, { durationMs: 1500 });
    await heat(client, 'b1', 95);
    expect(await watched).toMatchObject({ holds: true, count: 0, least: 0, most: 0, by: null });
  });

  test('that must come to hold is done as soon as it does', async () => {
    const { client } = await site();
    const watched = watch(client, { min: 1, max: null, mode: 'within', filter: { severity: 'critical' } });
    await heat(client, 'b1', 85, 95);
    expect(await watched).toMatchObject({ holds: true, count: 1 });
  });

  test('is open when the hub is away at the end', async () => {
    const { hub, client } = await site();
    const watched = watch(client, { durationMs: 2500 });
    // It watches once it is connected: the hub goes then.
    await client.time();
    setTimeout(() => void hub.stop('SIGKILL'), 1200);
    expect(await codeOf(watched)).toBe('unreachable');
  });

  test('of the command leaves exit code 99 with what broke it on stderr', async () => {
    const { hub, client } = await site();
    await heat(client, 'b1', 95);
    const broken = await runMuster(['alarm', 'assert', '--max', '0', '--severity', 'major+', '--for', '1s'], { env: hub.env });
    expect(broken).toMatchObject({ code: 99, stdout: '' });
    expect(broken.stderr).toMatch(/^Error: 1 alarm instead of at most 0 after .* of 1s \(hot on b1 temperature\)/);
    const holds = await runMuster(['alarm', 'assert', '--max', '0', '--device', 'b2', '--json'], { env: hub.env });
    expect([holds.code, JSON.parse(holds.stdout)]).toEqual([0, { holds: true, count: 0, least: 0, most: 0, watchedMs: 0, by: null }]);
  });
});

describe('the commands', () => {
  test('tell what became of each alarm, and leave exit code 7 when some failed', async () => {
    const { hub, client } = await site();
    await heat(client, 'b1', 85);
    const ref = (await all(client.alarms.list()))[0]?.id.slice(-8) ?? '';
    const nobody = '01a2058c-6cf0-7e6d-9871-adca5d72e519';
    const some = await runMuster(['alarm', 'ack', ref, nobody, '--json'], { env: hub.env });
    expect(some.code).toBe(7);
    expect(JSON.parse(some.stdout).map((row: { status: string; code: string | null }) => [row.status, row.code])).toEqual([
      ['acknowledged', null],
      ['failed', 'not_found'],
    ]);
    expect((await runMuster(['alarm', 'ack', nobody], { env: hub.env })).code).toBe(3);
    expect((await runMuster(['alarm', 'reset', ref], { env: hub.env })).code).toBe(5);
    expect((await runMuster(['alarm', 'ack'], { env: hub.env })).code).toBe(2);
    const again = await runMuster(['alarm', 'ack', '--device', 'b1', '--columns', 'status,reason'], { env: hub.env });
    expect([again.code, again.stdout]).toEqual([0, 'STATUS     REASON\nunchanged  There is nothing to acknowledge.\n']);
    expect((await runMuster(['alarm', 'suppress', '--device', 'b1'], { env: hub.env })).code).toBe(2);
    const none = await runMuster(['alarm', 'ack', '--device', 'b2', '--yes'], { env: hub.env });
    expect([none.code, none.stderr]).toEqual([0, 'No alarm matches.\n']);
  });

  test('show an alarm to people and to machines', async () => {
    const { hub, client } = await site();
    await heat(client, 'b1', 70, 85, 95);
    const ref = (await all(client.alarms.list()))[0]?.id.slice(-8) ?? '';
    const shown = await runMuster(['alarm', 'show', ref], { env: hub.env });
    expect(shown.stdout).toMatch(/^CRITICAL {2}hot on b1 temperature\nUnacknowledged, active for .*: b1 has 95\n/);
    expect(shown.stdout).toMatch(/\nRule {6}hot version 1 by token:/);
    expect(shown.stdout).toMatch(/ raised +minor +rule:hot +85 +v1 +b1 has 85\n/);
    expect(shown.stdout).toMatch(/ 85 {2}good +<- raised it\n/);
    const object = await runMuster(['alarm', 'show', ref, '--json'], { env: hub.env });
    expect(JSON.parse(object.stdout)).toMatchObject({
      alarm: { severity: 'critical' },
      events: [{ kind: 'alarm.raised' }, { kind: 'alarm.changed' }],
      samples: [{ point: 'temperature' }],
    });
  });

  test('watch what happens, with what was before', async () => {
    const { hub, client } = await site();
    await heat(client, 'b1', 85);
    await heat(client, 'b3', 85);
    const tail = await runMuster(['alarm', 'tail', '--since', '-1h', '--group', 'paris', '--count', '1', '--json'], { env: hub.env });
    expect(tail.code).toBe(0);
    expect(JSON.parse(tail.stdout)).toMatchObject({ kind: 'alarm.raised', device: 'b1', severity: 'minor' });
  });
});
