import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProjectId } from '../../../src/lib/domain/ids.ts';
import { retainHistory } from '../../../src/lib/server/retain-history.ts';
import { anAlarm, anEvent } from '../../helpers/alarming.ts';
import { SILENT_LOG } from '../../helpers/silent-log.ts';
import { startedSystemStore } from '../../helpers/system-store.ts';

const DAY_MS = 86_400_000;
const PROJECT = 'default' as ProjectId;

async function started(settings: { readonly days?: number; readonly kept?: number; readonly commands?: number } = {}) {
  const system = await startedSystemStore();
  let commits = 0;
  const retention = retainHistory({
    settings: {
      ...{ 'events.kept-days': settings.days ?? 90, 'alarms.kept-days': 400, 'control.kept-days': 90, 'connections.kept-days': 90 },
      ...{ 'limits.events-kept': settings.kept ?? 1_000_000, 'limits.commands-kept': settings.commands ?? 1_000_000 },
    },
    storage: system.alarming,
    connections: system.life.connections,
    commands: system.commands,
    jobs: system.jobs,
    commits: {
      commit(unit) {
        commits += 1;
        return system.log.commit(unit);
      },
    },
    projects: () => [PROJECT, 'other' as ProjectId],
    clock: () => 1000 * DAY_MS,
    log: SILENT_LOG,
  });
  onTestFinished(() => retention.stop());
  const events = (count: number, day: number, name: string) =>
    system.log.commit({
      statements: [
        system.alarming.events.insert(Array.from({ length: count }, (_, index) => anEvent(`${name}${index}`, { recordedAt: day * DAY_MS + index }))),
      ],
    });
  return { system, retention, events, commits: () => commits };
}

describe('the retention of events and alarms', () => {
  it('removes what is too old in small bites, and nothing else', async () => {
    const { system, retention, events, commits } = await started();
    await events(3500, 909, 'old');
    await events(10, 910, 'new');
    const alarm = (id: string, day: number | null, project = PROJECT) => anAlarm(id, { project, closedAt: day === null ? null : day * DAY_MS });
    await system.log.commit({
      statements: [system.alarming.alarms.put([alarm('old', 599), alarm('young', 600), alarm('live', null), alarm('theirs', 1, 'other' as ProjectId)])],
    });
    await Promise.all([retention.run(), retention.run()]);
    expect(await system.alarming.events.count({ project: PROJECT })).toBe(10);
    const left = await Promise.all([PROJECT, 'other' as ProjectId].map((project) => system.alarming.alarms.list({ project }, { limit: 10 })));
    expect(left.map(({ items }) => items.map(({ id }) => id).sort())).toEqual([['live', 'young'], []]);
    expect(commits()).toBe(10);
  });

  it('removes the oldest of too many', async () => {
    const { system, retention, events } = await started({ kept: 1200 });
    await events(2000, 1000, 'a');
    await retention.run();
    const { items } = await system.alarming.events.list({ project: PROJECT, oldestFirst: true }, { limit: 1 });
    expect(items[0]?.id).toBe('a800');
    expect(await system.alarming.events.count({ project: PROJECT })).toBe(1200);
  });

  it('ends in the middle when it is stopped, and survives a disk that fails', async () => {
    const { system, retention, events } = await started();
    await events(5000, 1, 'old');
    const run = retention.run();
    await retention.stop();
    await run;
    expect(await system.alarming.events.count({ project: PROJECT })).toBeGreaterThan(0);
    const warnings: string[] = [];
    const failing = retainHistory({
      settings: {
        ...{ 'events.kept-days': 1, 'alarms.kept-days': 1, 'control.kept-days': 1, 'connections.kept-days': 1 },
        ...{ 'limits.events-kept': 1, 'limits.commands-kept': 1 },
      },
      connections: system.life.connections,
      storage: system.alarming,
      commands: system.commands,
      jobs: system.jobs,
      commits: { commit: () => Promise.reject(new Error('no disk')) },
      projects: () => [],
      clock: () => 0,
      log: { ...SILENT_LOG, warn: (_, sentence) => void warnings.push(sentence) },
    });
    await failing.run();
    await failing.stop();
    expect(warnings).toEqual(['old events could not be deleted']);
  });
});
