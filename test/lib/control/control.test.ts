import { beforeEach, describe, expect, test } from 'vitest';
import type { NewCommand } from '../../../src/lib/control/control.ts';
import { SUPERSEDED } from '../../../src/lib/control/supersede.ts';
import type { CommandId, DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';
import type { JsonValue } from '../../../src/lib/domain/value.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import type { EmbeddedSystemStore } from '../../../src/lib/storage/system/create-system-store.ts';
import { type Controlled, controlled, type TestCarrier, testCarrier } from '../../helpers/controlled.ts';
import { aDevice, aPoint, aProject } from '../../helpers/fleet.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';
import { type TestClock, testClock } from '../../helpers/test-clock.ts';

const PROJECT = 'default' as ProjectId;
const OTHER = 'other' as ProjectId;
const ANNA = 'user:anna';
const NOW = AbortSignal.abort();

describe('the engine of commands', () => {
  let clock: TestClock;
  let system: EmbeddedSystemStore;
  let directory: Directory;
  let carrier: TestCarrier;
  let engine: Controlled;

  beforeEach(async () => {
    clock = testClock();
    system = await startedSystemStore();
    directory = new Directory();
    const statements = [system.projects.insert(aProject()), system.projects.insert(aProject('other'))];
    for (const [index, device] of [aDevice('b1'), aDevice('b2'), aDevice('x1', { project: 'other' })].entries()) {
      statements.push(system.devices.insert(device));
      directory.putDevice(device);
      directory.putPoint(aPoint(device.id, 'target', index * 10 + 1, { kind: 'setpoint', min: 0, max: 90 }));
      directory.putPoint(aPoint(device.id, 'mode', index * 10 + 2, { kind: 'parameter', valueType: 'string' }));
      directory.putPoint(aPoint(device.id, 'temperature', index * 10 + 3));
    }
    await system.log.commit({ statements });
    carrier = testCarrier();
    engine = await controlled({ system, directory, clock, carrier });
  });

  const setOf = (device: string, value: JsonValue, more: Partial<NewCommand> = {}): NewCommand => ({
    ...{ device: device as DeviceId, kind: 'set', name: null, value, expiryMs: null },
    ...more,
  });
  const callOf = (device: string, name: string, more: Partial<NewCommand> = {}): NewCommand => setOf(device, null, { kind: 'call', name, ...more });
  const ask = async (wish: NewCommand) => {
    const [command] = await engine.control.submit(PROJECT, [wish], ANNA);
    if (command === undefined) throw new Error('no command was made');
    return command;
  };
  const state = async (id: CommandId) => {
    const command = await engine.control.get(PROJECT, id);
    return [command?.state, command?.reason];
  };
  const answer = (id: string, more: { state?: 'applied' | 'rejected'; reason?: string | null; result?: JsonValue } = {}) => {
    return { id: id as CommandId, state: 'applied' as const, reason: null, result: null, ...more };
  };
  const sentTo = (device: string) => carrier.sent.filter((each) => each.device === device).map(({ message }) => message.id);
  const pass = (ms: number) => {
    clock.advance(ms);
    engine.control.advance();
  };

  test('one that is not right is refused with all others of its request, and nothing is on disk', async () => {
    const wrong: readonly (readonly [NewCommand, object])[] = [
      [setOf('nobody', { target: 1 }), { code: 'not_found' }],
      [setOf('x1', { target: 1 }), { code: 'not_found' }],
      [setOf('b1', {}), { code: 'invalid' }],
      [setOf('b1', [1]), { code: 'invalid' }],
      [setOf('b1', { nothing: 1 }), { code: 'invalid', message: 'b1 has no point nothing' }],
      [setOf('b1', { temperature: 1 }), { code: 'invalid', message: expect.stringContaining('of kind measure') }],
      [setOf('b1', { target: '60' }), { code: 'invalid', message: expect.stringContaining('holds a number') }],
      [setOf('b1', { target: 90.5 }), { code: 'invalid', message: expect.stringContaining('above the greatest') }],
      [setOf('b1', { target: -1 }), { code: 'invalid', message: expect.stringContaining('below the least') }],
      [setOf('b1', { target: 1 }, { expiryMs: 0 }), { code: 'invalid' }],
      [setOf('b1', { target: 1 }, { expiryMs: 3_600_001 }), { code: 'invalid' }],
      [callOf('b1', 'no spaces'), { code: 'invalid' }],
      [setOf('b1', { mode: 'x'.repeat(10_000) }), { code: 'invalid', message: expect.stringContaining('limits.command-bytes-max') }],
    ];
    for (const [wish, error] of wrong) await expect(engine.control.submit(PROJECT, [setOf('b1', { target: 5 }), wish], ANNA)).rejects.toMatchObject(error);
    directory.putDevice(aDevice('b2', { state: 'disabled' }));
    await expect(ask(setOf('b2', { target: 1 }))).rejects.toMatchObject({ code: 'not_allowed' });
    expect((await engine.control.list({ project: PROJECT }, { limit: 10 })).items).toEqual([]);
    expect(engine.control.counts()).toMatchObject({ open: 0, created: 0 });
  });

  test('each limit refuses what is beyond it, and takes more when something is settled', async () => {
    engine = await controlled({ system, directory, clock, carrier: testCarrier(), limits: { perDevice: 2, perProject: 3, bytesOpenMax: 60 } });
    const [first] = await engine.control.submit(PROJECT, [callOf('b1', 'a'), callOf('b1', 'b')], ANNA);
    await expect(ask(callOf('b1', 'c'))).rejects.toMatchObject({ code: 'limit_reached', message: expect.stringContaining('per-device') });
    await expect(engine.control.submit(PROJECT, [callOf('b2', 'a'), callOf('b2', 'b')], ANNA)).rejects.toMatchObject({
      message: expect.stringContaining('per-project'),
    });
    await expect(ask(callOf('b2', 'a', { value: 'x'.repeat(60) }))).rejects.toMatchObject({ message: expect.stringContaining('command-bytes-open') });
    await engine.control.answered('b1' as DeviceId, 'call', answer(first?.id ?? ''));
    await ask(callOf('b1', 'c'));
    // Two at once: the room of the one that is on its way to the disk is taken.
    const both = await Promise.allSettled([ask(callOf('b2', 'a')), ask(callOf('b2', 'b'))]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('what waits goes out in the order of its making when the device begins to listen, 16 at a time without an acknowledgement', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 20; index += 1) ids.push((await ask(callOf('b1', `call-${index}`))).id);
    expect(carrier.sent).toEqual([]);
    carrier.connect('b1');
    await expect.poll(() => sentTo('b1').length).toBe(16);
    for (const sent of [...carrier.sent].slice(0, 3)) sent.delivered();
    await expect.poll(() => sentTo('b1').length).toBe(19);
    carrier.sent[3]?.delivered();
    await expect.poll(() => sentTo('b1')).toEqual(ids);
  });

  test('a newer set of the same points takes the place of one that waits, not of one that went out, and a call of none', async () => {
    const one = await ask(setOf('b1', { target: 1 }));
    const both = await ask(setOf('b1', { target: 2, mode: 'eco' }));
    const call = await ask(callOf('b1', 'beep'));
    const mode = await ask(setOf('b1', { mode: 'off' }));
    await expect.poll(() => state(one.id)).toEqual(['cancelled', SUPERSEDED]);
    carrier.connect('b1');
    await expect.poll(() => sentTo('b1')).toEqual([both.id, call.id, mode.id]);
    await ask(setOf('b1', { target: 3, mode: 'on' }));
    await ask(callOf('b1', 'beep'));
    await expect.poll(() => sentTo('b1').length).toBe(5);
    for (const { id } of [both, call, mode]) expect(await state(id)).toEqual(['sent', null]);
  });

  test('what was lost with its connection is sent again with the same id when the device is back, and an acknowledgement of the old one is not believed', async () => {
    carrier.connect('b1');
    const { id } = await ask(setOf('b1', { target: 1 }));
    await expect.poll(() => sentTo('b1')).toEqual([id]);
    carrier.disconnect('b1');
    await expect.poll(() => state(id)).toEqual(['queued', null]);
    carrier.connect('b1');
    await expect.poll(() => sentTo('b1')).toEqual([id, id]);
    carrier.sent[0]?.delivered();
    await expect.poll(() => state(id)).toEqual(['sent', null]);
    carrier.sent[1]?.delivered();
    await expect.poll(() => state(id)).toEqual(['delivered', null]);
    carrier.disconnect('b1');
    carrier.connect('b1');
    const { id: next } = await ask(callOf('b1', 'beep'));
    await expect.poll(() => sentTo('b1')).toEqual([id, id, next]);
  });

  test('who listens and takes nothing is tried again a second later', async () => {
    carrier.full.add('b1');
    carrier.connect('b1');
    const { id } = await ask(setOf('b1', { target: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    carrier.full.delete('b1');
    for (let tick = 0; tick < 5; tick += 1) pass(200);
    await expect.poll(() => sentTo('b1')).toEqual([id]);
  });

  test('a command expires at its time in each state, and says why', async () => {
    const never = await ask(setOf('b2', { target: 1 }, { expiryMs: 10_000 }));
    carrier.connect('b1');
    const sent = await ask(setOf('b1', { target: 1 }, { expiryMs: 10_000 }));
    const delivered = await ask(callOf('b1', 'beep', { expiryMs: 10_000 }));
    const later = await ask(callOf('b1', 'beep', { expiryMs: 11_000 }));
    await expect.poll(() => carrier.sent.length).toBe(3);
    carrier.sent[1]?.delivered();
    pass(9_900);
    expect(engine.control.counts()).toMatchObject({ open: 4, expired: 0 });
    pass(300);
    await expect.poll(() => state(never.id)).toEqual(['expired', 'the device was not there in time']);
    expect(await state(sent.id)).toEqual(['expired', 'the device did not acknowledge it in time']);
    expect(await state(delivered.id)).toEqual(['expired', 'the device has it, and did not answer in time']);
    expect((await state(later.id))[0]).toBe('sent');
    carrier.connect('b2');
    await new Promise((resolve) => setImmediate(resolve));
    expect(sentTo('b2')).toEqual([]);
  });

  test('answers: of another device, of nothing, of another kind, twice, the opposite, too late', async () => {
    carrier.connect('b1');
    const { id } = await ask(setOf('b1', { target: 1 }));
    const b1 = 'b1' as DeviceId;
    await expect(engine.control.answered('b2' as DeviceId, 'set', answer(id))).rejects.toMatchObject({ code: 'not_found' });
    await expect(engine.control.answered('x1' as DeviceId, 'set', answer(id))).rejects.toMatchObject({ code: 'not_found' });
    await expect(engine.control.answered(b1, 'set', answer('0199ffff-0000-7000-8000-000000000000'))).rejects.toMatchObject({ code: 'not_found' });
    await expect(engine.control.answered(b1, 'call', answer(id))).rejects.toMatchObject({ code: 'invalid' });
    expect((await state(id))[0]).not.toBe('applied');
    const [first, second] = await Promise.all([engine.control.answered(b1, 'set', answer(id)), engine.control.answered(b1, 'set', answer(id))]);
    expect([first.state, second.state]).toEqual(['applied', 'applied']);
    await expect(engine.control.answered(b1, 'set', answer(id, { state: 'rejected' }))).rejects.toMatchObject({ code: 'conflict' });
    expect(await state(id)).toEqual(['applied', null]);
    expect(engine.told.filter(({ id: of, after }) => of === id && after === 'applied')).toHaveLength(1);

    const late = await ask(callOf('b1', 'slow', { expiryMs: 1_000 }));
    pass(1_200);
    await expect.poll(async () => (await state(late.id))[0]).toBe('expired');
    await engine.control.answered(b1, 'call', answer(late.id, { state: 'rejected', result: 7 }));
    await engine.control.answered(b1, 'call', answer(late.id, { state: 'rejected', result: 8 }));
    await expect(engine.control.answered(b1, 'call', answer(late.id))).rejects.toMatchObject({ code: 'conflict' });
    expect(await engine.control.get(PROJECT, late.id)).toMatchObject({ state: 'expired', lateAnswer: 'rejected', result: 7 });
  });

  test('cancelled is cancelled, once, and not for another project', async () => {
    const { id } = await ask(setOf('b1', { target: 1 }));
    await expect(engine.control.cancel(OTHER, id, ANNA)).rejects.toMatchObject({ code: 'not_found' });
    expect(await engine.control.cancel(PROJECT, id, ANNA)).toMatchObject({ state: 'cancelled', reason: 'user:anna took it back' });
    await expect(engine.control.cancel(PROJECT, id, ANNA)).rejects.toMatchObject({ code: 'conflict' });
    expect(await engine.control.get(OTHER, id)).toBeNull();
    await expect(engine.control.settled(OTHER, id, NOW)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('whoever waits hears of it once it is settled, or when the patience is over', async () => {
    const { id } = await ask(setOf('b1', { target: 1 }));
    expect(await engine.control.settled(PROJECT, id, NOW)).toMatchObject({ state: 'queued' });
    const waiting = engine.control.settled(PROJECT, id, AbortSignal.timeout(5_000));
    await engine.control.answered('b1' as DeviceId, 'set', answer(id, { state: 'rejected', reason: 'no' }));
    expect(await waiting).toMatchObject({ state: 'rejected', reason: 'no' });
    const other = await ask(setOf('b1', { target: 2 }));
    expect(await engine.control.settled(PROJECT, other.id, AbortSignal.timeout(20))).toMatchObject({ state: 'queued' });
  });

  test('a device that fetches gets what waits, the same again until it answers, and nothing that went to it over a connection', async () => {
    const b1 = 'b1' as DeviceId;
    carrier.connect('b1');
    await ask(callOf('b1', 'over-mqtt'));
    await expect.poll(() => carrier.sent.length).toBe(1);
    carrier.sent[0]?.delivered();
    carrier.disconnect('b1');
    expect(await engine.control.fetch(b1, null, NOW)).toEqual([]);
    const one = await ask(callOf('b1', 'one'));
    const two = await ask(callOf('b1', 'two'));
    const ids = async (after: CommandId | null = null) => (await engine.control.fetch(b1, after, NOW)).map(({ id }) => id);
    expect(await ids()).toEqual([one.id, two.id]);
    expect(await ids()).toEqual([one.id, two.id]);
    expect(await ids(one.id)).toEqual([two.id]);
    await expect.poll(() => state(one.id)).toEqual(['delivered', null]);
    await engine.control.answered(b1, null, answer(one.id));
    expect(await ids()).toEqual([two.id]);
    const waiting = engine.control.fetch(b1, two.id, AbortSignal.timeout(5_000));
    const three = await ask(callOf('b1', 'three'));
    expect((await waiting).map(({ id }) => id)).toEqual([three.id]);
    expect(await engine.control.fetch('b2' as DeviceId, null, AbortSignal.timeout(20))).toEqual([]);
  });

  test('of too many requests that wait for the commands of one device the oldest is refused, and no other device hears of it', async () => {
    const [b1, b2] = ['b1', 'b2'] as DeviceId[];
    const wait = (device = b1) => engine.control.fetch(device as DeviceId, null, AbortSignal.timeout(5_000));
    const other = wait(b2);
    const oldest = wait();
    const others = [wait(), wait(), wait(), wait()];
    await expect(oldest).rejects.toMatchObject({ code: 'rate_limited', details: { retryAfterMs: expect.any(Number) } });
    const command = await ask(callOf('b1', 'x'));
    for (const waiting of others) expect((await waiting).map(({ id }) => id)).toEqual([command.id]);
    // Those that are over count no more.
    for (let count = 0; count < 10; count += 1) expect(await wait()).toHaveLength(1);
    await ask(callOf('b2', 'y'));
    expect(await other).toHaveLength(1);
  });

  test('after the end of the hub, whenever it was, what was not settled goes on with its id, and what was settled is not asked again', async () => {
    carrier.connect('b1');
    const settled = await ask(setOf('b1', { target: 1 }));
    const sent = await ask(callOf('b1', 'sent'));
    const delivered = await ask(callOf('b1', 'delivered'));
    const waiting = await ask(setOf('b2', { target: 1 }));
    const superseded = await ask(setOf('b2', { mode: 'a' }));
    const newest = await ask(setOf('b2', { mode: 'b' }));
    await expect.poll(() => carrier.sent.length).toBe(3);
    carrier.sent[2]?.delivered();
    await engine.control.answered('b1' as DeviceId, 'set', answer(settled.id));
    await expect.poll(async () => (await state(delivered.id))[0]).toBe('delivered');
    // Not stopped: as after a kill.
    const again = testCarrier();
    again.listening.add('b1').add('b2');
    engine = await controlled({ system, directory, clock, carrier: again });
    await expect.poll(() => again.sent.map(({ message }) => message.id)).toEqual([sent.id, waiting.id, newest.id]);
    expect(await state(superseded.id)).toEqual(['cancelled', SUPERSEDED]);
    await engine.control.answered('b1' as DeviceId, 'call', answer(delivered.id));
    expect(await state(delivered.id)).toEqual(['applied', null]);
    pass(61_000);
    await expect.poll(async () => (await state(waiting.id))[0]).toBe('expired');
  });

  test('after the end of the hub a newer one takes the place of what was never sent, not of what its device may have', async () => {
    carrier.connect('b1');
    const sent = await ask(setOf('b1', { target: 10 }));
    await expect.poll(() => state(sent.id)).toEqual(['sent', null]);
    const newer = await ask(setOf('b1', { target: 20 }));
    await expect.poll(() => state(newer.id)).toEqual(['sent', null]);
    carrier = testCarrier();
    engine = await controlled({ system, directory, clock, carrier });
    carrier.connect('b1');
    await expect.poll(() => sentTo('b1')).toEqual([sent.id, newer.id]);
    await engine.control.answered('b1' as DeviceId, 'set', answer(sent.id, { state: 'rejected', reason: 'too cold' }));
    expect(await state(sent.id)).toEqual(['rejected', 'too cold']);
  });

  test('while the disk takes nothing, nothing is asked and nothing is answered; then it goes on where it was', async () => {
    carrier.connect('b1');
    const { id } = await ask(setOf('b1', { target: 1 }));
    await expect.poll(() => state(id)).toEqual(['sent', null]);
    engine.broken = new Error('no disk');
    await expect(ask(setOf('b1', { target: 2 }))).rejects.toThrow('no disk');
    await expect(engine.control.answered('b1' as DeviceId, 'set', answer(id))).rejects.toMatchObject({ code: 'storage_failed' });
    expect(await state(id)).toEqual(['sent', null]);
    engine.broken = null;
    // The device has no acknowledgement, so it says so again.
    expect(await engine.control.answered('b1' as DeviceId, 'set', answer(id))).toMatchObject({ state: 'applied' });
    expect(await state(id)).toEqual(['applied', null]);
    expect(engine.told.filter(({ id: of }) => of === id).map(({ before, after }) => [before, after])).toEqual([
      [null, 'queued'],
      ['queued', 'sent'],
      ['sent', 'applied'],
    ]);
    expect(engine.control.counts()).toMatchObject({ open: 0, created: 1 });
  });

  test('what is planned goes out once its transaction is on disk, and leaves nothing when it is not', async () => {
    carrier.connect('b1');
    const dropped = engine.control.plan(PROJECT, [setOf('b1', { target: 1 })], 'rule:hot');
    dropped.dropped();
    const planned = engine.control.plan(PROJECT, [setOf('b1', { target: 2 })], 'rule:hot');
    await system.log.commit({ statements: planned.statements });
    expect(carrier.sent).toEqual([]);
    planned.committed();
    await expect.poll(() => carrier.sent.map(({ message }) => message)).toMatchObject([{ values: { target: 2 }, rule: 'hot' }]);
    expect((await engine.control.list({ project: PROJECT }, { limit: 10 })).items).toHaveLength(1);
    expect(engine.published.map(({ kind, rule }) => [kind, rule])).toEqual([['command.created', 'hot']]);
  });

  test('commands of a device that is retired or gone are cancelled; of one that is disabled they wait', async () => {
    const retired = await ask(setOf('b1', { target: 1 }));
    const gone = await ask(setOf('b2', { target: 1 }));
    directory.putDevice(aDevice('b1', { state: 'disabled' }));
    engine.control.deviceChanged('b1' as DeviceId);
    expect((await state(retired.id))[0]).toBe('queued');
    directory.putDevice(aDevice('b1', { state: 'retired' }));
    engine.control.deviceChanged('b1' as DeviceId);
    await expect.poll(() => state(retired.id)).toEqual(['cancelled', 'the device was retired']);
    directory.removeDevice('b2' as DeviceId);
    engine.control.deviceChanged('b2' as DeviceId);
    await expect.poll(() => state(gone.id)).toEqual(['cancelled', 'the device is gone']);
  });

  test('what is wanted of a point is the newest that was asked, with what became of it, also when the command itself is forgotten', async () => {
    const b1 = 'b1' as DeviceId;
    carrier.connect('b1');
    const first = await ask(setOf('b1', { target: 1, mode: 'eco' }));
    await expect.poll(() => carrier.sent.length).toBe(1);
    const second = await ask(setOf('b1', { target: 2 }));
    await engine.control.answered(b1, 'set', answer(first.id));
    await engine.control.answered(b1, 'set', answer(second.id, { state: 'rejected', reason: 'too hot' }));
    const wanted = [
      { point: 'mode', value: 'eco', command: first.id, state: 'applied', reason: null, actor: ANNA },
      { point: 'target', value: 2, command: second.id, state: 'rejected', reason: 'too hot', actor: ANNA },
    ];
    expect(engine.control.wantedOf(b1)).toMatchObject(wanted);
    await system.log.commit({ statements: [system.commands.removeSettled(clock() + 1, 100)] });
    expect(await engine.control.get(PROJECT, first.id)).toBeNull();
    expect(engine.control.wantedOf(b1)).toMatchObject(wanted);
    await system.log.commit({ statements: system.devices.remove(b1) });
    expect(engine.control.wantedOf(b1)).toEqual([]);
  });

  test('the list narrows by device, kind, state and job, the newest first, page by page', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) ids.unshift((await ask(callOf(index % 2 === 0 ? 'b1' : 'b2', `c${index}`))).id);
    const set = await ask(setOf('b1', { target: 1 }));
    await engine.control.cancel(PROJECT, set.id, ANNA);
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof engine.control.list>> = await engine.control.list({ project: PROJECT, kinds: ['call'] }, { limit: 3, cursor });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(pages.flat()).toEqual(ids);
    const idsOf = async (filter: object) => (await engine.control.list({ project: PROJECT, ...filter }, { limit: 100 })).items.map(({ id }) => id);
    expect(await idsOf({ device: 'b2' })).toEqual(ids.filter((_, index) => index % 2 === 1));
    expect(await idsOf({ states: ['cancelled'] })).toEqual([set.id]);
    expect(await idsOf({ states: ['queued', 'sent'] })).toEqual(ids);
    expect((await engine.control.list({ project: OTHER }, { limit: 100 })).items).toEqual([]);
  });
});
