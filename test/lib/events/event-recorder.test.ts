import { describe, expect, it, onTestFinished } from 'vitest';
import type { HubEvent } from '../../../src/lib/domain/event.ts';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { createEventRecorder, type EventRecorderPorts } from '../../../src/lib/events/event-recorder.ts';
import { CommitError, type CommitUnit } from '../../../src/lib/storage/commit-log.ts';
import { anEvent } from '../../helpers/alarming.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';
import { waitUntil } from '../../helpers/wait-until.ts';

const PROJECT = 'default' as ProjectId;

async function started(more: Partial<EventRecorderPorts> = {}) {
  const system = await startedSystemStore();
  const published: HubEvent[] = [];
  const units: number[] = [];
  const recorder = createEventRecorder({
    storage: system.alarming.events,
    commits: {
      commit(unit: CommitUnit) {
        units.push(unit.statements?.length ?? 0);
        return system.log.commit(unit);
      },
    },
    clock: () => 42,
    closed: () => null,
    waitingMax: 1_000_000,
    onCommitted: (events) => published.push(...events),
    log: SILENT_LOG,
    ...more,
  });
  onTestFinished(() => recorder.stop());
  const stored = async () => {
    const { items } = await system.alarming.events.list({ project: PROJECT, oldestFirst: true }, { limit: 10_000 });
    return items.map(({ text }) => text);
  };
  return { recorder, published, units, stored };
}
const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));

describe('the recorder of events', () => {
  it('writes what comes in the order in which it came, in few commits, and publishes it when it is on disk', async () => {
    const { recorder, published, units, stored } = await started();
    for (const text of texts(0, 5000)) recorder.record(anEvent('', { text }));
    expect(published).toEqual([]);
    await waitUntil(() => published.length === 5000, 'all are published');
    expect(await stored()).toEqual(texts(0, 5000));
    expect(published.map(({ text }) => text)).toEqual(texts(0, 5000));
    expect(published.every(({ recordedAt }) => recordedAt === 42)).toBe(true);
    expect(new Set(published.map(({ id }) => id)).size).toBe(5000);
    expect(units.length).toBeLessThanOrEqual(6);
    expect(recorder.waiting).toBe(0);
  });

  it('takes a storm at the cost of a few microseconds each, and drops what is beyond its limit with a count', async () => {
    const { recorder, stored } = await started({ waitingMax: 3000 });
    const began = performance.now();
    for (const text of texts(0, 100_000)) recorder.record(anEvent('', { text }));
    expect(performance.now() - began).toBeLessThan(1000);
    expect(recorder.waiting).toBe(3000);
    expect(recorder.dropped).toBe(97_000);
    await recorder.stop();
    expect(await stored()).toEqual(texts(0, 3000));
  });

  it('writes what waits when it is stopped, and takes nothing more', async () => {
    const { recorder, stored } = await started();
    for (const text of texts(0, 2500)) recorder.record(anEvent('', { text }));
    await Promise.all([recorder.stop(), recorder.stop()]);
    recorder.record(anEvent('', { text: 'late' }));
    await recorder.stop();
    expect(await stored()).toEqual(texts(0, 2500));
    expect(recorder.dropped).toBe(1);
  });

  it('tries again what could not be written, in the same order and once', async () => {
    let failures = 3;
    const warnings: string[] = [];
    const system = await startedSystemStore();
    const { recorder, published } = await started({
      storage: system.alarming.events,
      commits: {
        async commit(unit) {
          const receipt = await system.log.commit(unit);
          // The first of them are on disk all the same, as when the writing thread ends before it answers.
          if (failures-- > 0) throw new CommitError('storage', 'the writing thread has ended');
          return receipt;
        },
      },
      log: { ...SILENT_LOG, warn: (_, sentence) => void warnings.push(sentence) },
    });
    for (const text of texts(0, 10)) recorder.record(anEvent('', { text }));
    await waitUntil(() => published.length === 10, 'they are published');
    const { items } = await system.alarming.events.list({ project: PROJECT, oldestFirst: true }, { limit: 100 });
    expect(items.map(({ text }) => text)).toEqual(texts(0, 10));
    expect(warnings).toHaveLength(1);
    expect(recorder.dropped).toBe(0);
  });

  it('gives up at its end what cannot be written, and counts it', async () => {
    const { recorder } = await started({ commits: { commit: () => Promise.reject(new CommitError('storage', 'no disk')) } });
    for (const text of texts(0, 10)) recorder.record(anEvent('', { text }));
    await recorder.stop();
    expect(recorder.dropped).toBe(10);
    expect(recorder.waiting).toBe(0);
  });

  it('takes nothing while the disk is full, and says nothing of each', async () => {
    let full = true;
    const { recorder, stored } = await started({ closed: () => (full ? new Error('full') : null) });
    recorder.record(anEvent('', { text: 'a' }));
    full = false;
    recorder.record(anEvent('', { text: 'b' }));
    await recorder.stop();
    expect(await stored()).toEqual(['b']);
    expect(recorder.dropped).toBe(1);
  });
});
