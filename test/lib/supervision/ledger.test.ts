import { describe, expect, test } from 'vitest';
import type { AlarmRecord } from '../../../src/lib/domain/alarm.ts';
import type { HubEvent } from '../../../src/lib/domain/event.ts';
import type { AlarmId } from '../../../src/lib/domain/ids.ts';
import { MusterError } from '../../../src/lib/errors/muster-error.ts';
import type { AlarmStorage } from '../../../src/lib/storage/alarm-storage.ts';
import type { Statement } from '../../../src/lib/storage/commit-log.ts';
import { createLedger } from '../../../src/lib/supervision/ledger.ts';
import { anAlarm, anEvent } from '../../helpers/alarming.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';

function aLedger() {
  const written: string[] = [];
  const published: string[] = [];
  let refuse: (names: readonly string[]) => MusterError | null = () => null;
  const named = (kind: string, names: readonly string[]): Statement => ({ sql: kind, parameters: names });
  const storage = {
    alarms: {
      put: (records: readonly AlarmRecord[]) =>
        named(
          'alarms',
          records.map(({ id, value }) => `${id}=${String(value)}`),
        ),
    },
    events: {
      insert: (events: readonly HubEvent[]) =>
        named(
          'events',
          events.map(({ id }) => id),
        ),
    },
    outbox: { insert: () => named('outbox', []) },
    evaluations: { put: () => named('evaluations', []) },
  } as unknown as AlarmStorage;
  const ledger = createLedger({
    storage,
    async commit(statements) {
      await Promise.resolve();
      const names = statements.flatMap(({ parameters }) => parameters as string[]);
      const error = refuse(names);
      if (error !== null) throw error;
      written.push(...names);
    },
    stream: { publish: (events) => void published.push(...events.map(({ id }) => id)) },
    notifier: { committed: () => undefined },
    savedState: () => null,
    eventsWaitingMax: 3,
    log: SILENT_LOG,
  });
  const change = (id: string, value: number, event: string) => {
    ledger.alarm(anAlarm(id, { value }));
    ledger.event(anEvent(event, { alarm: id as AlarmId }));
  };
  const refuseWhen = (next: typeof refuse): void => {
    refuse = next;
  };
  return { ledger, written, published, change, refuseWhen };
}

const NO_DISK = new MusterError('storage_failed', 'no disk');
const CONFLICT = new MusterError('conflict', 'there is one');

describe('the ledger', () => {
  test('a transaction that failed goes with later ones, each alarm as it is then, each event once', async () => {
    const { ledger, written, published, change, refuseWhen } = aLedger();
    change('a', 1, 'e1');
    const first = ledger.take();
    expect(first?.statements.map(({ sql }) => sql)).toEqual(['alarms', 'events']);
    change('a', 2, 'e2');
    refuseWhen(() => NO_DISK);
    first?.failed();
    // What comes now waits behind what failed, and fails no message.
    expect(ledger.take()).toBeNull();
    await expect(ledger.commit()).rejects.toThrow('no disk');
    expect(ledger.unsettled('a' as AlarmId)?.value).toBe(2);
    refuseWhen(() => null);
    await ledger.commit();
    expect(written).toEqual(['a=2', 'e1', 'e2']);
    expect(published).toEqual(['e1', 'e2']);
    expect([ledger.uncommitted, ledger.unsettled('a' as AlarmId), ledger.isEmpty]).toEqual([0, undefined, true]);
    change('a', 3, 'e3');
    expect(ledger.take()?.statements).toHaveLength(2);
  });

  test('what the database refuses for itself holds up nothing else', async () => {
    const { ledger, written, change, refuseWhen } = aLedger();
    refuseWhen((names) => (names.some((name) => name.startsWith('bad')) ? CONFLICT : null));
    change('good', 1, 'e1');
    change('bad', 1, 'e2');
    await expect(ledger.commit()).rejects.toThrow('there is one');
    await ledger.commit().catch(() => undefined);
    await ledger.commit();
    expect(written).toEqual(['good=1', 'e1']);
    expect([ledger.uncommitted, ledger.dropped]).toEqual([0, 1]);
    change('good', 2, 'e3');
    await ledger.commit();
    expect(written).toEqual(['good=1', 'e1', 'good=2', 'e3']);
  });

  test('while the disk takes nothing the oldest events go, and no alarm', async () => {
    const { ledger, written, change, refuseWhen } = aLedger();
    refuseWhen(() => NO_DISK);
    for (let index = 0; index < 6; index += 1) {
      change(`a${index}`, index, `e${index}`);
      await ledger.commit().catch(() => undefined);
    }
    refuseWhen(() => null);
    await ledger.commit();
    expect(written.filter((name) => name.startsWith('a'))).toHaveLength(6);
    expect(written.filter((name) => name.startsWith('e')).length + ledger.dropped).toBe(6);
    expect(ledger.dropped).toBeGreaterThan(0);
  });
});
