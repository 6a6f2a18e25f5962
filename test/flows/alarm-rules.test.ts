import fc from 'fast-check';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createEdgeEvaluator } from '../../src/lib/alarms/edge-evaluator.ts';
import { createHubClient, type HubClient } from '../../src/lib/client/hub-client.ts';
import { startHub, type TestHub } from '../helpers/hub.ts';
import { aRuleDocument, readRule } from '../helpers/rules.ts';
import { waitUntil } from '../helpers/wait-until.ts';

interface Journalled {
  readonly kind: string;
  readonly time: number;
  readonly point: string | null;
  readonly severity: string | null;
  readonly rule: string | null;
}

const clientOf = ({ url, token }: TestHub): HubClient => {
  const client = createHubClient({ url, token });
  onTestFinished(() => client.close());
  return client;
};

/** Oldest first. */
async function journal(client: HubClient, query: object): Promise<Journalled[]> {
  const events: Journalled[] = [];
  for await (const event of client.pages<Journalled>('/events', query)) events.unshift(event);
  return events;
}

async function gateway(client: HubClient, id: string, child: string): Promise<string> {
  const { credential } = await client.devices.create({ id, kind: 'gateway', credential: 'token' });
  await client.devices.create({ id: child, parent: id });
  if (credential === undefined) throw new Error('it was asked for');
  return credential.secret;
}

async function connect(hub: TestHub, username: string, password: string, protocolVersion: 4 | 5 = 5) {
  const client = await mqtt.connectAsync(hub.mqttUrl, { username, password, clientId: username, protocolVersion, reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  return client;
}

describe('alarm rules on a real hub', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await startHub([], { keep: true });
  });
  afterAll(async () => {
    await hub.stop();
  });

  test('a rule is in force at once, changes at once, and withdraws its alarms when it goes', async () => {
    const client = clientOf(hub);
    await client.devices.create({ id: 'life' });
    const made = await client.rules.create(aRuleDocument('life', { scope: { device: 'life', points: 'temperature' } }));
    expect(made).toMatchObject({ id: 'life', version: 1, state: 'in-force', kind: 'bands', levels: [{ name: 'major', severity: 'major' }] });
    await client.report('life', { temperature: 85 });
    expect(await client.devices.explain('life', { point: 'temperature', rule: 'life' })).toMatchObject({
      rules: [{ holds: true, standing: [{ value: 85, level: { name: 'major' }, alarm: { state: 'unacknowledged' } }] }],
    });

    const higher = aRuleDocument('life', { scope: { device: 'life', points: 'temperature' }, when: { bands: [{ level: 'major', high: 90 }] } });
    expect(await client.rules.check(higher)).toMatchObject({ valid: true, changed: true, version: 1, watches: 1 });
    expect(await client.rules.update('life', higher, 1)).toMatchObject({ version: 2 });
    await expect(client.rules.update('life', higher, 1)).rejects.toMatchObject({ code: 'conflict' });
    await client.report('life', { temperature: 86 });
    expect((await journal(client, { rule: 'life', kind: 'alarm.*' })).map(({ kind }) => kind)).toContain('alarm.cleared');

    await client.report('life', { temperature: 95 });
    expect(await client.rules.explain('life')).toMatchObject({ watches: 1, examples: ['life/temperature'], alarms: { active: 1 } });
    await client.rules.disable('life');
    expect(await client.rules.explain('life')).toMatchObject({ state: 'disabled', alarms: { live: 0 } });
    await client.rules.enable('life');
    await waitUntil(async () => (await client.rules.explain('life')).alarms.active === 1, 'what still holds is an alarm again');
    await client.rules.delete('life');
    await expect(client.rules.show('life')).rejects.toMatchObject({ code: 'not_found' });
    const versions: number[] = [];
    for await (const { version } of client.rules.versions('life')) versions.push(version);
    expect(versions).toEqual([2, 1]);
    expect((await journal(client, { rule: 'life', kind: 'rule.*' })).map(({ kind }) => kind)).toEqual([
      ...['rule.created', 'rule.updated', 'rule.disabled', 'rule.enabled', 'rule.deleted'],
    ]);
  });

  test('says why a rule does not hold, part by part', async () => {
    const client = clientOf(hub);
    await client.devices.create({ id: 'other', labels: { site: 'lyon' } });
    await client.report('other', { temperature: 20 });
    await client.rules.create(aRuleDocument('paris', { scope: { type: 'boiler', labels: 'site=paris', points: 'temperature' } }));
    const { rules } = await client.devices.explain('other', { rule: 'paris', point: 'temperature' });
    expect(rules).toMatchObject([{ holds: false, why: 'it has no type (wanted: boiler); its labels are site=lyon, not site=paris' }]);
    expect(rules[0]?.scope.map(({ part, holds }) => [part, holds])).toEqual([
      ['type', false],
      ['labels', false],
      ['points', true],
    ]);
    await client.rules.delete('paris');
  });

  test('a gateway gets the rules that it evaluates, with a tag that changes when they do', async () => {
    const client = clientOf(hub);
    const secret = await gateway(client, 'gw-rules', 'gw-rules-child');
    const ask = (tag: string) => fetch(`${hub.url}/api/v1/devices/gw-rules/rules`, { headers: { authorization: `Bearer ${secret}`, 'if-none-match': tag } });
    const none = await ask('"x"');
    expect(await none.json()).toMatchObject({ rules: [] });
    const tag = none.headers.get('etag') ?? '';
    expect((await ask(tag)).status).toBe(304);

    await client.rules.create(aRuleDocument('at-hub', { scope: { device: 'gw-rules*', points: '*' } }));
    expect((await ask(tag)).status).toBe(304);
    await client.rules.create(aRuleDocument('at-edge', { runsAt: 'edge', scope: { device: '*-child', points: 'temperature' } }));
    const some = await ask(tag);
    expect(some.status).toBe(200);
    expect(await some.json()).toMatchObject({ rules: [{ id: 'at-edge', version: 1, devices: ['gw-rules-child'], document: { runsAt: 'edge' } }] });
    await client.devices.update('gw-rules-child', { parent: null });
    expect((await (await ask('"x"')).json()) as object).toMatchObject({ rules: [] });
    const stranger = await fetch(`${hub.url}/api/v1/devices/life/rules`, { headers: { authorization: `Bearer ${secret}` } });
    expect([403, 404]).toContain(stranger.status);
    for (const id of ['at-hub', 'at-edge']) await client.rules.delete(id);
  });

  test.each([4, 5] as const)(
    'a gateway reports alarms over MQTT, for itself and its children, once however often it sends them (version %i)',
    async (version) => {
      const client = clientOf(hub);
      const [id, child, rule] = [`gw-${version}`, `child-${version}`, `edge-${version}`];
      const secret = await gateway(client, id, child);
      await client.rules.create(aRuleDocument(rule, { runsAt: 'edge', scope: { device: child, points: 'temperature' } }));
      const device = await connect(hub, id, secret, version);
      const now = Date.now();
      const raised = JSON.stringify({ rule, point: 'temperature', ts: now - 2_000, level: 'major', value: 85 });
      for (const qos of [0, 1, 1, 2] as const) await device.publishAsync(`devices/${child}/alarm`, raised, { qos });
      await device.publishAsync(`devices/${child}/alarm`, JSON.stringify({ rule, point: 'temperature', ts: now - 1_000 }), { qos: 1 });
      await device.publishAsync(`devices/${child}/alarm`, raised, { qos: 1, dup: true });
      await device.publishAsync(`devices/${id}/alarm`, JSON.stringify([{ rule: 'own', level: 'minor' }]), { qos: 1 });
      // A sample above the limit: the hub does not evaluate the rule.
      await client.report(child, { temperature: 99 });
      expect((await journal(client, { rule, kind: 'alarm.*' })).map(({ kind, time }) => [kind, time - now])).toEqual([
        ['alarm.raised', -2_000],
        ['alarm.cleared', -1_000],
      ]);
      expect(await journal(client, { rule: 'own', device: id, kind: 'alarm.raised' })).toMatchObject([{ severity: 'minor' }]);
      await client.rules.delete(rule);
    },
  );

  test('what is wrong with a report is said, kept among the rejected messages, and acknowledged; on the topic of a stranger it is refused', async () => {
    const client = clientOf(hub);
    const secret = await gateway(client, 'gw-wrong', 'child-wrong');
    await client.devices.create({ id: 'stranger' });
    const device = await connect(hub, 'gw-wrong', secret);
    await expect(device.publishAsync('devices/child-wrong/alarm', 'no JSON', { qos: 1 })).rejects.toMatchObject({ code: 153 });
    await expect(device.publishAsync('devices/child-wrong/alarm', '{"rule":"own","level":"odd"}', { qos: 2 })).rejects.toMatchObject({ code: 153 });
    await expect(device.publishAsync('devices/stranger/alarm', '{"rule":"own","level":"minor"}', { qos: 1 })).rejects.toMatchObject({ code: 135 });
    const codes: string[] = [];
    for await (const { code, topic } of client.devices.rejects('child-wrong')) codes.push(`${topic} ${code}`);
    expect(codes.sort()).toEqual(['devices/child-wrong/alarm invalid', 'devices/child-wrong/alarm undecodable']);
    await expect(client.devices.reportAlarm('child-wrong', { rule: 'own', level: 'odd' })).rejects.toMatchObject({ code: 'invalid' });
    expect(await client.devices.reportAlarm('child-wrong', { rule: 'own', level: 'minor' })).toMatchObject({ state: 'unacknowledged', origin: 'edge' });
  });

  test('the same values give the same alarms at the edge and at the hub', async () => {
    const client = clientOf(hub);
    await client.devices.create({ id: 'twin' });
    const shape = {
      when: {
        bands: [
          { level: 'warning', high: 60, deadband: 5 },
          { level: 'major', high: 80, deadband: 5 },
          { level: 'minor', low: 20 },
        ],
      },
      ...{ onDelay: '2s', offDelay: '1s', requiresAck: false },
    };
    await client.rules.create(aRuleDocument('twin-hub', { ...shape, scope: { device: 'twin', points: '*/hub' } }));
    const edge = await client.rules.create(aRuleDocument('twin-edge', { ...shape, runsAt: 'edge', scope: { device: 'twin', points: '*/edge' } }));
    const read = readRule(edge.document as never, edge.version);
    if ('problems' in read) throw new Error('it was taken');
    const steps = fc.array(fc.record({ after: fc.constantFrom(100, 500, 1_000, 2_500), value: fc.integer({ min: 0, max: 100 }) }), {
      minLength: 1,
      maxLength: 15,
    });
    let run = 0;
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.array(fc.boolean()), async (walk, asks) => {
        run += 1;
        const evaluator = createEdgeEvaluator([{ rule: read.rule, devices: ['twin'] }]);
        const [hubPoint, edgePoint] = [`p${run}/hub`, `p${run}/edge`];
        // Ahead of the clock, so that it is the times of the samples alone that count, however slow this machine is; and by less than what counts as a wrong clock.
        let time = Date.now() + 20_000;
        const tell = async (found: ReturnType<typeof evaluator.sample>): Promise<void> => {
          changes += found.length;
          for (const { device, ...report } of found) {
            await client.devices.reportAlarm(device, report);
          }
        };
        for (const [index, { after, value }] of walk.entries()) {
          time += after;
          await client.report('twin', { ts: time, values: { [hubPoint]: value } });
          // A gateway may look at its clock now and then: it changes nothing.
          if (asks[index]) await tell(evaluator.advance(time - 1));
          await tell(evaluator.sample('twin', edgePoint, time, value));
        }
        const at = async (rule: string, point: string) =>
          (await journal(client, { rule, kind: ['alarm.raised', 'alarm.changed', 'alarm.cleared'] }))
            .filter((event) => event.point === point)
            .map((event) => [event.kind, event.time, event.severity]);
        expect(await at('twin-edge', edgePoint)).toEqual(await at('twin-hub', hubPoint));
      }),
      { numRuns: 15 },
    );
    expect(changes).toBeGreaterThan(10);
  }, 60_000);
});

test('an alarm that a gateway reported and the hub acknowledged is there after a kill', async () => {
  const hub = await startHub();
  const client = clientOf(hub);
  const secret = await gateway(client, 'gw', 'child');
  const device = await connect(hub, 'gw', secret);
  await device.publishAsync('devices/child/alarm', '{"rule":"own","level":"major"}', { qos: 1 });
  await hub.stop('SIGKILL');
  const again = await hub.restart();
  const after = clientOf({ ...again, token: hub.token });
  expect(await journal(after, { rule: 'own', kind: 'alarm.raised' })).toMatchObject([{ severity: 'major' }]);
  expect(await after.devices.reportAlarm('child', { rule: 'own', level: 'major' })).toMatchObject({ state: 'unacknowledged' });
  expect(await journal(after, { rule: 'own', kind: 'alarm.raised' })).toHaveLength(1);
});
