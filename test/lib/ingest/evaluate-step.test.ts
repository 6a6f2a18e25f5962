import { beforeEach, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/lib/domain/device.ts';
import type { SeriesId } from '../../../src/lib/domain/ids.ts';
import { Directory } from '../../../src/lib/fleet/directory.ts';
import { loadFormats } from '../../../src/lib/formats/registry.ts';
import type { AlarmEvaluator } from '../../../src/lib/ingest/alarm-evaluator.ts';
import { createGroupCommit } from '../../../src/lib/ingest/group-commit.ts';
import { createPipeline, type Pipeline } from '../../../src/lib/ingest/pipeline.ts';
import { createRejectJournal } from '../../../src/lib/ingest/reject-journal.ts';
import { CommitError, type CommitLog, type CommitReceipt, type CommitUnit } from '../../../src/lib/storage/commit-log.ts';
import type { SystemStore } from '../../../src/lib/storage/system/system-store.ts';
import { aDevice } from '../../helpers/fleet.ts';

const NOW = 1_763_785_200_000;

describe('the step `evaluate`', () => {
  let units: { readonly unit: CommitUnit; readonly finish: (receipt: CommitReceipt) => void; readonly fail: (error: Error) => void }[];
  let ends: string[];
  let evaluated: number;
  let directory: Directory;
  let pipeline: Pipeline;
  /** What the next message does to alarms. */
  let changes: number;
  let rejectsFail: boolean;

  beforeEach(async () => {
    units = [];
    ends = [];
    evaluated = 0;
    changes = 1;
    rejectsFail = false;
    directory = new Directory();
    directory.putDevice(aDevice('d1'));
    const log: CommitLog = {
      commit: (unit) => new Promise((finish, fail) => units.push({ unit, finish, fail })),
      applied: () => undefined,
      lastJournalId: 0,
      depth: 0,
    };
    const alarms: AlarmEvaluator = {
      evaluate(_device, samples) {
        evaluated += samples.length;
        if (changes === 0) return null;
        const name = evaluated;
        return {
          statements: [{ sql: `alarm ${name}`, parameters: [] }],
          committed: () => void ends.push(`committed ${name}`),
          failed: () => void ends.push(`failed ${name}`),
        };
      },
    };
    const statement = () => ({ sql: 'other', parameters: [] });
    const rejects = {
      insert: () => {
        if (rejectsFail) throw new Error('a bug');
        return statement();
      },
      trim: () => [],
    };
    const system = { points: { ensure: statement }, rejects } as unknown as SystemStore;
    let series = 0;
    pipeline = createPipeline({
      context: {
        directory,
        alarms,
        chooseFormat: await loadFormats(),
        allocateSeries: () => ++series as SeriesId,
        limits: {
          readingsPerMessage: 10,
          pointsPerDevice: 10,
          pointsPerProject: 10,
          valueBytesMax: 150,
          earliestTime: 0,
          futureMaxMs: 86_400_000,
          lateAfterMs: 600_000,
        },
      },
      system,
      commit: createGroupCommit(log, 2, () => undefined),
      rejects: createRejectJournal(system.rejects, 100),
      meter: { answered: () => undefined, failed: () => undefined, limited: () => undefined, heldBack: () => undefined, repeated: () => undefined },
    });
  });

  const turn = () => new Promise((done) => setImmediate(done));
  const send = (payload: unknown) =>
    pipeline
      .accept({
        device: directory.device('d1')?.device as Device,
        principal: { kind: 'open' },
        protocol: 'test',
        address: null,
        topic: null,
        contentType: null,
        payload: Buffer.from(JSON.stringify(payload)),
        receivedAt: NOW,
      })
      .then(
        ({ accepted }) => `accepted ${accepted}`,
        (error: { code?: string }) => `refused ${error.code}`,
      );
  const known = async () => {
    changes = 0;
    const answer = send({ t: 1 });
    await turn();
    units.splice(0)[0]?.finish({ journalId: 1, changes: [] });
    await answer;
    changes = 1;
    ends.length = 0;
    evaluated = 0;
  };

  test('commits what alarms did in the unit of the samples, and says so before the sender is answered', async () => {
    await known();
    const answer = send({ t: 2 }).then((text) => ends.push(text));
    await turn();
    expect(units).toHaveLength(1);
    expect(units[0]?.unit.samples?.count).toBe(1);
    expect(units[0]?.unit.statements).toEqual([{ sql: 'alarm 1', parameters: [] }]);
    expect(ends).toEqual([]);
    units[0]?.finish({ journalId: 2, changes: [] });
    await answer;
    expect(ends).toEqual(['committed 1', 'accepted 1']);
    expect(pipeline.steps.evaluate).toEqual({ in: 2, out: 2 });
  });

  test('without changes a message shares its unit with others', async () => {
    await known();
    changes = 0;
    const answers = [send({ t: 2 }), send({ t: 3 })];
    await turn();
    expect(units).toHaveLength(1);
    expect(units[0]?.unit.samples?.count).toBe(2);
    expect(units[0]?.unit.statements).toBeUndefined();
    units[0]?.finish({ journalId: 2, changes: [] });
    expect(await Promise.all(answers)).toEqual(['accepted 1', 'accepted 1']);
  });

  test('what is refused by the disk, as too much, or for a bug has failed, once', async () => {
    await known();
    const [lost, waiting] = [send({ t: 2 }), send({ t: 3 })];
    expect(await send({ t: 4 })).toBe('refused overloaded');
    await turn();
    units[0]?.fail(new CommitError('storage', 'no disk'));
    units[1]?.finish({ journalId: 3, changes: [] });
    expect(await Promise.all([lost, waiting])).toEqual(['refused storage_failed', 'accepted 1']);
    expect(ends.sort()).toEqual(['committed 2', 'failed 1', 'failed 3']);
    ends.length = 0;
    rejectsFail = true;
    expect(await send({ t: 5, 'no good name!': 1 })).toMatch(/refused/);
    expect(ends).toEqual(['failed 4']);
  });

  test('a second try after a conflict is not evaluated again', async () => {
    await known();
    const answer = send({ t: 2 });
    await turn();
    units.splice(0)[0]?.fail(new CommitError('reference', 'the device is gone'));
    while (units.length === 0) await turn();
    expect(ends).toEqual(['failed 1']);
    expect(evaluated).toBe(1);
    expect(units[0]?.unit.samples?.count).toBe(1);
    units[0]?.finish({ journalId: 2, changes: [] });
    expect(await answer).toBe('accepted 1');
    expect(ends).toEqual(['failed 1']);
  });
});
