import { beforeEach, describe, expect, it } from 'vitest';
import type { DeviceId, SeriesId } from '../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { loadFormats } from '../../../src/lib/formats/registry.ts';
import type { IngestContext } from '../../../src/lib/ingest/context.ts';
import { createGroupCommit } from '../../../src/lib/ingest/group-commit.ts';
import type { MessageOrigin } from '../../../src/lib/ingest/inbound-message.ts';
import { createPipeline, type Pipeline, type PipelinePorts } from '../../../src/lib/ingest/pipeline.ts';
import { createRateLimiter } from '../../../src/lib/ingest/rate-limiter.ts';
import { createRecentMessages } from '../../../src/lib/ingest/recent-messages.ts';
import { createRejectJournal } from '../../../src/lib/ingest/reject-journal.ts';
import { createRepeats } from '../../../src/lib/ingest/repeats.ts';
import type { CommittedSamples } from '../../../src/lib/ingest/sample-builder.ts';
import { CommitError, type CommitLog, type CommitReceipt, type CommitUnit } from '../../../src/lib/storage/commit-log.ts';
import type { RejectRecord, SystemStore } from '../../../src/lib/storage/system/system-store.ts';
import { aDevice, aPoint, aType } from '../../helpers/fleet.ts';

const NOW = 1_763_785_200_000;

/** A commit log whose disk answers when the test says so. */
function heldLog() {
  const held: { unit: CommitUnit; finish: (receipt?: Partial<CommitReceipt>) => void; fail: (error: Error) => void }[] = [];
  const log: CommitLog = {
    commit: (unit) =>
      new Promise((resolve, reject) => held.push({ unit, finish: (receipt) => resolve({ journalId: 1, changes: [], ...receipt }), fail: reject })),
    applied: () => undefined,
    lastJournalId: 0,
    depth: 0,
  };
  return { log, held };
}

describe('the ingest pipeline', () => {
  let directory: Directory;
  let disk: ReturnType<typeof heldLog>;
  let published: CommittedSamples[];
  let pipeline: Pipeline;
  let rejects: RejectRecord[];
  let context: IngestContext;
  let system: SystemStore;
  let limited: string[];
  let repeated: number;

  beforeEach(async () => {
    directory = new Directory();
    directory.putType(
      aType('heating', { points: [{ ...aPoint('x', 'temperature', 0, { min: -40, max: 120 }) }, { ...aPoint('x', 'wanted', 0, { kind: 'virtual' }) }] }),
    );
    directory.putDevice(aDevice('open-1'));
    directory.putDevice(aDevice('strict-1', { type: 'heating' }));
    disk = heldLog();
    published = [];
    rejects = [];
    let series = 0;
    context = {
      directory,
      chooseFormat: await loadFormats(),
      allocateSeries: () => ++series as SeriesId,
      limits: {
        readingsPerMessage: 10,
        pointsPerDevice: 3,
        pointsPerProject: 4,
        valueBytesMax: 150,
        earliestTime: Date.UTC(2000, 0),
        futureMaxMs: 86_400_000,
        lateAfterMs: 600_000,
      },
    };
    const statement = (record: unknown) => ({ sql: JSON.stringify(record), parameters: [] });
    limited = [];
    repeated = 0;
    system = {
      points: { ensure: statement },
      rejects: {
        insert(record: RejectRecord) {
          rejects.push(record);
          return statement(record);
        },
        trim: () => [],
      },
    } as unknown as SystemStore;
    pipeline = pipelineWith({});
  });

  const pipelineWith = (more: Partial<PipelinePorts>) =>
    createPipeline({
      context,
      system,
      commit: createGroupCommit(disk.log, 5, (samples) => published.push(samples)),
      rejects: createRejectJournal(system.rejects, 100),
      meter: {
        answered: () => undefined,
        failed: () => undefined,
        limited: (_message, kind) => void limited.push(kind),
        heldBack: () => undefined,
        repeated: () => {
          repeated += 1;
        },
      },
      ...more,
    });

  const message = (device: string, payload: unknown) => {
    const found = directory.device(device);
    if (!found) throw new Error('no such device');
    const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    return {
      device: found.device,
      principal: { kind: 'open' as const },
      protocol: 'test',
      address: '127.0.0.1',
      topic: 't',
      contentType: null,
      payload: bytes,
      receivedAt: NOW,
    };
  };
  const settled = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  };
  const accept = async (device: string, payload: unknown) => {
    const answer = pipeline.accept(message(device, payload));
    await settled();
    for (const unit of disk.held.splice(0)) unit.finish();
    return answer;
  };

  it('answers only after the disk has', async () => {
    let answered = false;
    const answer = pipeline.accept(message('open-1', { a: 1 })).finally(() => {
      answered = true;
    });
    await settled();
    expect(answered).toBe(false);
    expect(published).toEqual([]);
    disk.held[0]?.finish();
    expect(await answer).toEqual({ accepted: 1, rejected: [], rejectedCount: 0 });
    expect(published).toHaveLength(1);
  });

  it('commits what the broker changes in the unit of its message, in the order of the messages, even when nothing of the message is taken', async () => {
    const changes = (packetId: number) => [{ kind: 'put-incoming' as const, session: 1, packetId }];
    const units: CommitUnit[] = [];
    await accept('open-1', { a: 1, b: 1 });
    const answers = [
      pipeline.accept({ ...message('open-1', { a: 2 }), alongside: changes(1) }),
      pipeline.accept({ ...message('open-1', { b: 2 }), alongside: changes(2) }),
      pipeline.accept({ ...message('open-1', []), alongside: changes(3) }),
      pipeline.accept({ ...message('open-1', { c: 1 }), alongside: changes(4) }),
    ];
    await settled();
    while (disk.held.length > 0) {
      units.push(...disk.held.map(({ unit }) => unit));
      for (const held of disk.held.splice(0)) held.finish();
      await settled();
    }
    expect(await Promise.all(answers)).toMatchObject([{ accepted: 1 }, { accepted: 1 }, { accepted: 0 }, { accepted: 1 }]);
    expect(units.map((unit) => [unit.samples?.count ?? 0, unit.changes])).toEqual([
      [2, [...changes(1), ...changes(2)]],
      [0, changes(3)],
      [1, changes(4)],
    ]);
  });

  it('writes a new point together with its first sample, and again until that is on disk', async () => {
    const first = pipeline.accept(message('open-1', { a: 1 }));
    const second = pipeline.accept(message('open-1', { a: 2 }));
    await settled();
    expect(disk.held.map(({ unit }) => [unit.statements?.length, unit.samples?.count])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    disk.held[0]?.fail(new CommitError('storage', 'disk full'));
    disk.held[1]?.finish();
    await expect(first).rejects.toMatchObject({ code: 'storage_failed' });
    await second;
    disk.held.length = 0;
    const third = pipeline.accept(message('open-1', { a: 3 }));
    await settled();
    expect(disk.held[0]?.unit.statements).toBeUndefined();
    disk.held[0]?.finish();
    await third;
  });

  it('commits messages of known points in one group while the disk is busy', async () => {
    await accept('open-1', { a: 1 });
    const answers = [1, 2, 3].map((a) => pipeline.accept(message('open-1', { a })));
    await settled();
    expect(disk.held.map(({ unit }) => unit.samples?.count)).toEqual([3]);
    disk.held[0]?.finish();
    await Promise.all(answers);
  });

  it('gives samples without a time of their own a time each', async () => {
    await accept('open-1', { a: 0 });
    const answers = [1, 2].map((a) => pipeline.accept(message('open-1', { a })));
    await settled();
    expect([...(disk.held[0]?.unit.samples?.time ?? [])]).toEqual([NOW + 1, NOW + 2]);
    disk.held[0]?.finish();
    await Promise.all(answers);
  });

  it.each([
    ['open-1', { ts: 86_400_000, values: { a: 1 } }, 'time_too_old'],
    ['open-1', { ts: Date.UTC(2100, 0), values: { a: 1 } }, 'time_in_future'],
    ['open-1', { 'a b': 1 }, 'invalid_point'],
    ['open-1', { a: 'x'.repeat(151) }, 'value_too_large'],
    ['open-1', 'not json', 'undecodable'],
    ['open-1', Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`p${index}`, 1])), 'too_many_readings'],
    ['strict-1', { humidity: 1 }, 'unknown_point'],
    ['strict-1', { temperature: 'warm' }, 'wrong_type'],
    ['strict-1', { temperature: 121 }, 'out_of_range'],
    ['strict-1', { wanted: 1 }, 'not_writable'],
  ])('rejects, from %s, %j as %s and keeps the reason', async (device, payload, code) => {
    const outcome = await accept(device, payload);
    expect(outcome).toMatchObject({ accepted: 0, rejectedCount: 1, rejected: [{ code }] });
    expect(rejects).toMatchObject([{ code, device, protocol: 'test', reason: expect.any(String) }]);
    expect(directory.device(device)?.rejected).toBe(1);
  });

  it('stores the good values of a message and rejects the others', async () => {
    const outcome = await accept('strict-1', { temperature: 20, humidity: 1 });
    expect(outcome).toMatchObject({ accepted: 1, rejectedCount: 1, rejected: [{ code: 'unknown_point', point: 'humidity' }] });
  });

  it('refuses a point beyond the limit of the device and of the project', async () => {
    expect(await accept('open-1', { a: 1, b: 1, c: 1, d: 1 })).toMatchObject({
      accepted: 3,
      rejected: [{ code: 'limit_reached', reason: expect.stringContaining('points-per-device') }],
    });
    directory.putDevice(aDevice('open-2'));
    expect(await accept('open-2', { a: 1, b: 1 })).toMatchObject({
      accepted: 1,
      rejected: [{ code: 'limit_reached', reason: expect.stringContaining('points-per-project') }],
    });
  });

  it('refuses with overloaded when too many messages wait, and with stopping when it drains', async () => {
    const waiting = Array.from({ length: 5 }, () => pipeline.accept(message('open-1', { a: 1 })));
    await settled();
    await expect(pipeline.accept(message('open-1', { a: 1 }))).rejects.toMatchObject({ code: 'overloaded' });
    const drained = pipeline.drain();
    await expect(pipeline.accept(message('open-1', { a: 1 }))).rejects.toMatchObject({ code: 'stopping' });
    for (const unit of disk.held.splice(0)) unit.finish();
    await Promise.all([...waiting, drained]);
  });

  it('keeps the order in which messages came, also when one of them brings a new point along', async () => {
    await accept('open-1', { a: 0 });
    const ts = NOW - 1;
    const answers = [pipeline.accept(message('open-1', { ts, values: { a: 1 } })), pipeline.accept(message('open-1', { ts, values: { a: 2, b: 2 } }))];
    expect(disk.held.map(({ unit }) => [...(unit.samples?.number ?? [])])).toEqual([[1], [2, 2]]);
    for (const unit of disk.held) unit.finish();
    await Promise.all(answers);
    expect(directory.device('open-1')?.points.get('a')).toBe(published.at(-1)?.entry(0));
  });

  it('tries once more when the fleet has changed underneath, and says so when it has again', async () => {
    const first = pipeline.accept(message('open-1', { a: 1 }));
    disk.held.shift()?.fail(new CommitError('unique', 'UNIQUE constraint failed: points.device, points.path'));
    await settled();
    disk.held.shift()?.finish();
    expect(await first).toMatchObject({ accepted: 1 });
    const second = pipeline.accept(message('open-1', { b: 1 }));
    disk.held.shift()?.fail(new CommitError('reference', 'FOREIGN KEY constraint failed'));
    await settled();
    disk.held.shift()?.fail(new CommitError('reference', 'FOREIGN KEY constraint failed'));
    await expect(second).rejects.toMatchObject({ code: 'conflict', message: expect.not.stringContaining('constraint') });
    const third = pipeline.accept(message('open-1', { c: 1 }));
    directory.removeDevice('open-1' as DeviceId);
    disk.held.shift()?.fail(new CommitError('reference', 'FOREIGN KEY constraint failed'));
    await expect(third).rejects.toMatchObject({ code: 'not_found' });
    await pipeline.drain();
  });

  it('refuses with overloaded when too many bytes wait', async () => {
    const large = { ...message('open-1', ''), payload: Buffer.alloc(70 * 1024 * 1024) };
    const waiting = pipeline.accept(large);
    await expect(pipeline.accept(large)).rejects.toMatchObject({ code: 'overloaded' });
    disk.held.shift()?.finish();
    await waiting;
    const next = pipeline.accept(large);
    disk.held.shift()?.finish();
    expect(await next).toMatchObject({ accepted: 0, rejectedCount: 1 });
  });

  it.each([
    ['half a character in its name', '{"a\\ud800":1}', 'invalid_point'],
    ['a number that no double is', '{"a":1e999}', 'out_of_range'],
    ['more levels than are taken', `{"a":${'['.repeat(66)}${']'.repeat(66)}}`, 'value_too_large'],
  ])('rejects a value with %s', async (_what, payload, code) => {
    expect(await accept('open-1', payload)).toMatchObject({ accepted: 0, rejected: [{ code }] });
  });

  it('flags samples late that are older than the limit', async () => {
    await accept('open-1', { ts: NOW - 600_001, values: { a: 1 } });
    expect(published[0]?.late(0)).toBe(true);
  });

  it('writes a bounded number of reject rows for a device that floods', async () => {
    for (let count = 0; count < 40; count += 1) await accept('open-1', 'not json');
    expect(rejects.length).toBe(20);
    expect(directory.device('open-1')?.rejected).toBe(40);
  });

  const finishAll = async () => {
    await settled();
    for (const unit of disk.held.splice(0)) unit.finish();
    await settled();
  };

  describe('with a limit of its rate', () => {
    const NO_LIMIT = { messagesPerSecond: null, pointsPerSecond: null };
    beforeEach(() => {
      pipeline = pipelineWith({ limiter: createRateLimiter({ device: { messagesPerSecond: 2, pointsPerSecond: 100 }, project: NO_LIMIT, burstSeconds: 1 }) });
    });

    it('refuses what is too much, and notes it once for many', async () => {
      const answers = Array.from({ length: 100 }, () => pipeline.accept(message('open-1', { a: 1 })));
      const codes = answers.map((answer) =>
        answer.then(
          () => 'taken',
          (error: MusterError) => error.code,
        ),
      );
      await finishAll();
      expect((await Promise.all(codes)).filter((code) => code === 'rate_limited')).toHaveLength(98);
      expect(limited).toHaveLength(98);
      expect(rejects).toMatchObject([{ code: 'rate_limited', step: 'admit', reason: expect.stringContaining('limits.messages-per-second-per-device') }]);
      expect(directory.device('open-1')).toMatchObject({ accepted: 2, rejected: 0, traffic: { limited: 98, limitedAt: NOW } });
    });

    it('says in the next note how many there were', async () => {
      for (const at of [0, 1, 2, 9_999]) void pipeline.accept({ ...message('open-1', { a: 1 }), receivedAt: NOW }).catch(() => at);
      const later = { ...message('open-1', { a: 1 }), receivedAt: NOW + 10_000 };
      for (let count = 0; count < 3; count += 1) void pipeline.accept(later).catch(() => undefined);
      await finishAll();
      expect(rejects.map(({ reason }) => reason.replace(/.*; /, ''))).toEqual([expect.any(String), '1 messages more were refused since the last note of it']);
    });

    it('counts values that were rejected as well', async () => {
      pipeline = pipelineWith({ limiter: createRateLimiter({ device: { ...NO_LIMIT, pointsPerSecond: 4 }, project: NO_LIMIT, burstSeconds: 1 }) });
      expect(await accept('strict-1', { a: 1, b: 1, c: 1, d: 1 })).toMatchObject({ rejectedCount: 4 });
      await expect(pipeline.accept(message('strict-1', { temperature: 1 }))).rejects.toMatchObject({ code: 'rate_limited' });
    });
  });

  it('lets the times that it gives run ahead of its clock so far and no further, and refuses the whole message then', async () => {
    context = { ...context, limits: { ...context.limits, readingsPerMessage: 100_000 } };
    pipeline = pipelineWith({});
    const values = (count: number) =>
      message(
        'open-1',
        Array.from({ length: count }, (_, index) => ({ a: index })),
      );
    const first = pipeline.accept(values(70_000));
    await finishAll();
    expect(await first).toMatchObject({ accepted: 70_000 });
    const refused = pipeline.accept(message('open-1', { b: 1, a: 1 }));
    await expect(refused).rejects.toMatchObject({ code: 'rate_limited', message: expect.stringContaining('without a time of their own') });
    expect(limited).toEqual(['hub-times']);
    const timed = pipeline.accept(message('open-1', { ts: NOW, values: { a: 1 } }));
    const later = pipeline.accept({ ...message('open-1', { a: 1 }), receivedAt: NOW + 10_000 });
    await finishAll();
    expect([await timed, await later]).toMatchObject([{ accepted: 1 }, { accepted: 1 }]);
  });

  describe('of messages that may come again', () => {
    let at: number;
    beforeEach(() => {
      at = NOW;
      pipeline = pipelineWith({ repeats: createRepeats(createRecentMessages(1000, 1024)) });
    });
    const sent = (payload: unknown, origin: Partial<MessageOrigin> = {}) => ({
      ...message('open-1', payload),
      receivedAt: at,
      origin: { sender: 's', id: 1, mayBeRepeat: true, ...origin },
    });
    const stored = () => published.reduce((sum, { count }) => sum + count, 0);

    it('stores a repeat once, answers it as the first, and marks it in the transaction of its samples', async () => {
      const first = pipeline.accept(sent({ a: 1, '#': 1 }, { mayBeRepeat: false }));
      await settled();
      expect(disk.held[0]?.unit.marks).toMatchObject([{ accepted: 1, rejected: 1 }]);
      await finishAll();
      await first;
      at += 1000;
      expect(await pipeline.accept(sent({ a: 1, '#': 1 }))).toEqual({ accepted: 1, rejected: [], rejectedCount: 1, repeated: true });
      expect([stored(), repeated, disk.held.length]).toEqual([1, 1, 0]);
    });

    it.each([
      ['another payload under a packet identifier that is used again', { a: 2 }, {}, 0],
      ['another id', { a: 1 }, { id: 2 }, 0],
      ['another sender', { a: 1 }, { sender: 't' }, 0],
      ['a first that was too long ago', { a: 1 }, {}, 1001],
      ['a sender that does not say so', { a: 1 }, { mayBeRepeat: false }, 0],
    ])('takes a message for a new one: %s', async (_what, payload, origin, passed) => {
      const first = pipeline.accept(sent({ a: 1 }));
      await finishAll();
      await first;
      at += passed;
      const second = pipeline.accept(sent(payload, origin));
      await finishAll();
      await second;
      expect(stored()).toBe(2);
    });

    it('waits for the outcome of the first, and takes the repeat in its place when that failed', async () => {
      const answers = Array.from({ length: 3 }, () => pipeline.accept(sent({ a: 1 })));
      const codes = Promise.all(
        answers.map((answer) =>
          answer.then(
            ({ repeated: again = false }) => again,
            (error: MusterError) => error.code,
          ),
        ),
      );
      await settled();
      expect(disk.held).toHaveLength(1);
      disk.held.shift()?.fail(new CommitError('storage', 'disk full'));
      await settled();
      expect(disk.held).toHaveLength(1);
      await finishAll();
      expect((await codes).sort()).toEqual([false, 'storage_failed', true].sort());
      expect(stored()).toBe(1);
    });

    it('takes a message for a new one whose packet identifier stood for something else meanwhile, and one about another device', async () => {
      directory.putDevice(aDevice('open-2'));
      const store = async (given: ReturnType<typeof sent>) => {
        const answer = pipeline.accept(given);
        await finishAll();
        expect(await answer).not.toHaveProperty('repeated');
      };
      await store(sent({ a: 1 }));
      await store(sent({ a: 2 }));
      await store(sent({ a: 1 }));
      await store({ ...message('open-2', { a: 1 }), origin: sent({}).origin });
      expect(stored()).toBe(4);
    });

    it('stores it once when a repeat comes while the first is tried a second time', async () => {
      const answers = [1, 2].map(() => pipeline.accept(sent({ a: 1 })));
      await settled();
      disk.held.shift()?.fail(new CommitError('unique', 'UNIQUE constraint failed: points.device, points.path'));
      await finishAll();
      await finishAll();
      expect((await Promise.all(answers)).map(({ repeated: again = false }) => again)).toEqual([false, true]);
      expect(stored()).toBe(1);
    });

    it('counts a repeat that waits for the first among the messages under way', async () => {
      const answers = [1, 2].map(() => pipeline.accept(sent({ a: 1 })));
      expect(pipeline.bytesWaiting).toBe(2 * sent({ a: 1 }).payload.length);
      await finishAll();
      await Promise.all(answers);
      expect(pipeline.bytesWaiting).toBe(0);
    });

    it('need not know values with times of their own again: they replace themselves', async () => {
      const answers = [1, 2].map(() => pipeline.accept(sent({ ts: NOW, values: { a: 1 } })));
      await settled();
      for (const { unit } of disk.held) expect(unit.marks).toEqual([]);
      await finishAll();
      await Promise.all(answers);
      expect(repeated).toBe(0);
    });

    it('refuses a key with another payload, also while the first is on its way, and knows keyed values with times too', async () => {
      const keyed = (payload: unknown) => pipeline.accept(sent(payload, { id: 'key', onePayload: true }));
      const first = keyed({ ts: NOW, values: { a: 1 } });
      const other = keyed({ ts: NOW, values: { a: 2 } });
      const codes = Promise.all([other, keyed({ b: 1 })].map((answer) => answer.catch((error: MusterError) => error.code)));
      await finishAll();
      expect(await codes).toEqual(['idempotency_key_reused', 'idempotency_key_reused']);
      expect(await first).toMatchObject({ accepted: 1 });
      expect(await keyed({ ts: NOW, values: { a: 1 } })).toMatchObject({ repeated: true });
    });

    it('commits what travels with a message also with its repeat, and with one of which nothing is taken', async () => {
      const change = { kind: 'remove-session' as const, session: 1 };
      const first = pipeline.accept({ ...sent({ a: 1 }), alongside: [change] });
      await settled();
      expect(disk.held[0]?.unit.changes).toEqual([change]);
      await finishAll();
      await first;
      let answered = false;
      const again = pipeline.accept({ ...sent({ a: 1 }), alongside: [change] }).finally(() => (answered = true));
      await settled();
      expect(answered).toBe(false);
      expect(disk.held[0]?.unit.changes).toEqual([change]);
      await finishAll();
      expect(await again).toMatchObject({ repeated: true });
    });
  });

  describe('for a receiver instead of a promise', () => {
    const told: unknown[] = [];
    const receiver = { taken: (outcome: unknown) => void told.push(outcome), notTaken: (error: unknown) => void told.push(error) };
    const TAKEN = { accepted: 1, rejected: [], rejectedCount: 0 };

    beforeEach(async () => {
      told.length = 0;
      await accept('open-1', { a: 0 });
    });

    it('tells it once the disk has answered, in the order of the messages', async () => {
      const order: number[] = [];
      for (const each of [1, 2, 3]) expect(pipeline.accept(message('open-1', { a: each }), { ...receiver, taken: () => void order.push(each) })).toBeNull();
      await settled();
      expect(order).toEqual([]);
      disk.held[0]?.finish();
      await settled();
      expect(order).toEqual([1, 2, 3]);
      expect(directory.device('open-1')?.underWay).toBe(0);
    });

    it('tells it of a disk that fails, and stops counting the message', async () => {
      expect(pipeline.accept(message('open-1', { a: 1 }), receiver)).toBeNull();
      await settled();
      disk.held[0]?.fail(new CommitError('storage', 'no space'));
      await settled();
      expect(told).toEqual([expect.objectContaining({ code: 'storage_failed' })]);
      expect(pipeline.bytesWaiting).toBe(0);
      await pipeline.drain();
    });

    it('tries once more when the fleet has changed underneath', async () => {
      expect(pipeline.accept(message('open-1', { a: 1 }), receiver)).toBeNull();
      await settled();
      disk.held.splice(0)[0]?.fail(new CommitError('stale', 'gone'));
      await settled();
      expect(told).toEqual([]);
      for (const unit of disk.held) unit.finish();
      await settled();
      expect(told).toEqual([TAKEN]);
    });

    it('answers with a promise what brings a new point, what is refused and what there is no room for', async () => {
      const fresh = pipeline.accept(message('open-1', { b: 1 }), receiver);
      await settled();
      disk.held.splice(0)[0]?.finish();
      expect(await fresh).toEqual(TAKEN);
      for (let count = 0; count < 5; count += 1) expect(pipeline.accept(message('open-1', { a: count }), receiver)).toBeNull();
      await expect(pipeline.accept(message('open-1', { a: 9 }), receiver)).rejects.toMatchObject({ code: 'overloaded' });
      await settled();
      disk.held[0]?.finish();
      await pipeline.drain();
      expect(told).toHaveLength(5);
      await expect(pipeline.accept(message('open-1', { a: 9 }), receiver)).rejects.toMatchObject({ code: 'stopping' });
    });

    it('tells the others when one of them has a bug', async () => {
      const bug = new Error('a bug of an adapter');
      const unhandled: unknown[] = [];
      const listeners = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', (error) => unhandled.push(error));
      try {
        pipeline.accept(message('open-1', { a: 1 }), {
          ...receiver,
          taken() {
            throw bug;
          },
        });
        pipeline.accept(message('open-1', { a: 2 }), receiver);
        await settled();
        disk.held[0]?.finish();
        await settled();
      } finally {
        process.removeAllListeners('unhandledRejection');
        for (const listener of listeners) process.on('unhandledRejection', listener);
      }
      expect(told).toEqual([TAKEN]);
      expect(unhandled).toEqual([bug]);
    });
  });

  it('takes nothing of a device that is being deleted, and says when what came before has its answer', async () => {
    const device = directory.device('open-1');
    if (!device) throw new Error('no such device');
    const before = pipeline.accept(message('open-1', { a: 1 }));
    device.closing = true;
    let quiet = false;
    const settling = pipeline.settled(device).then(() => (quiet = true));
    await expect(pipeline.accept(message('open-1', { a: 2 }))).rejects.toMatchObject({ code: 'not_found' });
    await settled();
    expect(quiet).toBe(false);
    await finishAll();
    await Promise.all([before, settling]);
    expect(device.underWay).toBe(0);
  });

  it('takes nothing of a device of another project that has the name by now', async () => {
    const late = message('open-1', { a: 1 });
    directory.removeDevice('open-1' as DeviceId);
    directory.putDevice(aDevice('open-1', { project: 'other' }));
    await expect(pipeline.accept(late)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses everything while nothing may be written', async () => {
    pipeline = pipelineWith({ closed: () => new MusterError('disk_full', 'no room') });
    await expect(pipeline.accept(message('open-1', { a: 1 }))).rejects.toMatchObject({ code: 'disk_full' });
  });
});
