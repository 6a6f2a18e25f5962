import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BrokerChange, StoredBroker } from '../../../../src/lib/storage/broker-state.ts';
import type { CommitLog } from '../../../../src/lib/storage/commit-log.ts';
import { createBroker } from '../../../../src/lib/storage/system/broker.ts';
import { BrokerLog, readBrokerLog, storeBrokerLog } from '../../../../src/lib/storage/system/broker-log.ts';
import { ChangeEncoder, changeBytesOf, changeRecords, decodeChange } from '../../../../src/lib/storage/system/change-codec.ts';
import type { ReadDatabase } from '../../../../src/lib/storage/system/database.ts';
import { openDatabase } from '../../../../src/lib/storage/system/driver.ts';
import { migrate } from '../../../../src/lib/storage/system/schema.ts';
import { StatementCache } from '../../../../src/lib/storage/system/statement-cache.ts';
import { type BrokerStep, ordered, ScriptedBroker } from '../../../helpers/broker-script.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';
import '../../../helpers/fixed-seed.ts';

function encoded(changes: readonly BrokerChange[]): Uint8Array {
  const encoder = new ChangeEncoder(changeBytesOf(changes));
  encoder.add(changes);
  return encoder.bytes();
}

const steps = fc.array(fc.record({ action: fc.nat(1e6), pick: fc.nat(1e6) }), { maxLength: 120 });

describe('broker changes as bytes', () => {
  it('are the same changes when they are read', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const broker = new ScriptedBroker(500);
        const changes = script.flatMap((step) => broker.step(step));
        const bytes = Buffer.from(encoded(changes));
        const read = [...changeRecords(bytes)].map((record) => plain(decodeChange(bytes, record)));
        expect(read).toEqual(changes.map(plain));
      }),
      { numRuns: 200 },
    );
  });

  it('throw and do not read on when they are cut off', () => {
    const message = {
      key: 1,
      topic: 'a',
      payload: new Uint8Array(9),
      qos: 1,
      retain: false,
      properties: null,
      sender: null,
      arrivedAt: 1,
      expiresAt: null,
    } as const;
    const whole = Buffer.from(encoded([{ kind: 'put-message', message }]));
    for (let length = 1; length < whole.length; length++) expect(() => [...changeRecords(whole.subarray(0, length))], String(length)).toThrow();
  });
});

describe('the log of broker changes', () => {
  it('leads to the state of a model, over groups that fail and processes that die', async () => {
    const commits = fc.record({ changes: fc.array(fc.record({ action: fc.nat(1e6), pick: fc.nat(1e6) }), { maxLength: 8 }), end: fc.nat(9) });
    await fc.assert(
      fc.asyncProperty(fc.array(commits, { maxLength: 40 }), fc.integer({ min: 0, max: 3000 }), async (groups, bytesMax) => {
        const file = join(temporaryFolder(), 'system.db');
        const statements = opened(file);
        let log = new BrokerLog(statements, bytesMax);
        const broker = new ScriptedBroker(100);
        let pending: BrokerChange[] = [];
        for (const { changes, end } of groups) {
          pending.push(...changes.flatMap((step: BrokerStep) => broker.step(step)));
          statements.database.exec('begin');
          const logged = log.write(encoded(pending));
          if (end === 0) {
            // It fails; whoever sent it sends it again with the next.
            statements.database.exec('rollback');
            continue;
          }
          statements.database.exec('commit');
          pending = [];
          // 1: the process dies here, and another begins.
          if (end > 1) log.committed(logged);
          else {
            storeBrokerLog(statements, readBrokerLog(statements));
            log = new BrokerLog(statements, bytesMax);
          }
        }
        statements.database.exec('begin');
        log.committed(log.write(encoded(pending)));
        log.storeAll();
        statements.database.exec('commit');
        expect(await stateIn(statements)).toEqual(broker.model.state());
        expect(statements.get<{ count: number }>('select count(*) as count from broker_log')).toEqual({ count: 0 });
        statements.close();
      }),
      { numRuns: 60 },
    );
  });

  it('never brings into the tables what was acknowledged soon', () => {
    const statements = opened(join(temporaryFolder(), 'system.db'));
    onTestFinished(() => statements.close());
    const log = new BrokerLog(statements, 10_000);
    let stored = 0;
    for (let key = 1; key <= 1000; key++) {
      const message = {
        key,
        topic: 't',
        payload: new Uint8Array(50),
        qos: 1,
        retain: false,
        properties: null,
        sender: null,
        arrivedAt: 0,
        expiresAt: null,
      } as const;
      const delivery = {
        session: 1,
        sequence: key,
        message: key,
        qos: 1,
        retain: false,
        subscriptionIdentifiers: [],
        packetId: null,
        released: false,
      } as const;
      const acknowledged: BrokerChange[] =
        key < 10
          ? []
          : [
              { kind: 'remove-delivery', session: 1, sequence: key - 9 },
              { kind: 'remove-message', message: key - 9 },
            ];
      const logged = log.write(
        encoded([
          { kind: 'put-message', message },
          { kind: 'put-delivery', delivery },
          { kind: 'put-delivery', delivery: { ...delivery, packetId: key } },
          ...acknowledged,
        ]),
      );
      log.committed(logged);
      stored += logged.due.changes.length;
    }
    expect(stored).toBe(0);
    expect(statements.get<{ count: number }>('select count(*) as count from broker_log')?.count).toBeLessThan(100);
    log.storeAll();
    expect(statements.get<{ count: number }>('select count(*) as count from broker_messages')).toEqual({ count: 9 });
    expect(statements.get<{ count: number }>('select count(*) as count from broker_deliveries')).toEqual({ count: 9 });
  });

  it('names a damaged row and replays the others', () => {
    const statements = opened(join(temporaryFolder(), 'system.db'));
    onTestFinished(() => statements.close());
    const log = new BrokerLog(statements);
    for (const packetId of [1, 2, 3]) log.committed(log.write(encoded([{ kind: 'put-incoming', session: 1, packetId }])));
    const row = statements.get<{ blob: Uint8Array }>('select blob from broker_log where id = 2');
    const blob = Uint8Array.from(row?.blob ?? []);
    blob[20] = (blob[20] ?? 0) ^ 1;
    statements.run('update broker_log set blob = ? where id = 2', blob);
    const found = readBrokerLog(statements);
    expect(found.damaged).toMatchObject([{ source: 'broker_log', entry: 2, reason: 'the checksum is wrong' }]);
    storeBrokerLog(statements, found);
    expect(statements.all<{ packet_id: number }>('select packet_id from broker_incoming').map(({ packet_id: id }) => id)).toEqual([1, 3]);
  });
});

/** A database with the tables of a hub, written here without a thread. */
function opened(file: string): StatementCache {
  const database = openDatabase(file, { readOnly: false });
  database.exec('pragma journal_mode = wal; pragma synchronous = off');
  migrate(database, file);
  return new StatementCache(database);
}

/** What a hub would load from these tables, all of it sound. */
async function stateIn(statements: StatementCache): Promise<StoredBroker> {
  const database = { all: statements.all.bind(statements), get: statements.get.bind(statements), close: () => undefined } as unknown as ReadDatabase;
  const commits = { commit: () => Promise.reject(new Error('something was to be removed')) } as unknown as CommitLog;
  const problems: string[] = [];
  const say = (_: object, text: string) => void problems.push(text);
  const state = await createBroker(() => database, commits, { debug: say, info: say, warn: say, error: say }).load();
  expect(problems).toEqual([]);
  return ordered(state);
}

/** The same with plain arrays of bytes, so that two can be compared. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
