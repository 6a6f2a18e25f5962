import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { messageOf } from '../errors/muster-error.ts';
import type { AlarmStorage } from '../storage/alarm-storage.ts';
import type { CommandStorage } from '../storage/command-storage.ts';
import type { CommitLog, Statement } from '../storage/commit-log.ts';
import type { JobStorage } from '../storage/job-storage.ts';
import type { LifeStorage } from '../storage/life-storage.ts';

const EVERY_MS = 60_000;
/** Rows of one commit: the writing thread takes some 20 ms for them. */
const BITE_ROWS = 1_000;
const DAY_MS = 86_400_000;

/** Events, connections of devices, closed alarms and settled commands that are too old, or too many, go: in small bites, so that what is committed meanwhile hardly waits. */
export interface HistoryRetention {
  /** One round. Resolves when nothing is left to go, or it failed. */
  run(): Promise<void>;
  /** Resolves when the bite under way is done. Idempotent. */
  stop(): Promise<void>;
}

export function retainHistory(ports: {
  readonly settings: Pick<
    Settings,
    'events.kept-days' | 'alarms.kept-days' | 'connections.kept-days' | 'control.kept-days' | 'limits.events-kept' | 'limits.commands-kept'
  >;
  readonly storage: Pick<AlarmStorage, 'alarms' | 'events'>;
  readonly connections: Pick<LifeStorage['connections'], 'removeOld'>;
  readonly commands: Pick<CommandStorage, 'removeSettled' | 'removeBeyond'>;
  readonly jobs: Pick<JobStorage, 'endedBefore' | 'removeDevices' | 'remove'>;
  readonly commits: Pick<CommitLog, 'commit'>;
  readonly projects: () => Iterable<ProjectId>;
  readonly clock: () => number;
  readonly log: Log;
}): HistoryRetention {
  const { settings, storage, connections, commands: asked, jobs, commits, projects, clock, log } = ports;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;
  const timer = setInterval(() => void run(), EVERY_MS);
  timer.unref();
  return {
    run,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };

  function run(): Promise<void> {
    running ??= retain().finally(() => {
      running = null;
    });
    return running;
  }

  async function retain(): Promise<void> {
    try {
      const now = clock();
      const old = await removeAll(() => storage.events.removeOld(now - settings['events.kept-days'] * DAY_MS, BITE_ROWS));
      const many = await removeAll(() => storage.events.removeBeyond(settings['limits.events-kept'], BITE_ROWS));
      const left = await removeAll(() => connections.removeOld(now - settings['connections.kept-days'] * DAY_MS, BITE_ROWS));
      let alarms = 0;
      for (const project of projects())
        alarms += await removeAll(() => storage.alarms.removeClosed(project, now - settings['alarms.kept-days'] * DAY_MS, BITE_ROWS));
      const settled = await removeAll(() => asked.removeSettled(now - settings['control.kept-days'] * DAY_MS, BITE_ROWS));
      const endedJobs = await removeJobs(now - settings['control.kept-days'] * DAY_MS);
      const commands = settled + (await removeAll(() => asked.removeBeyond(settings['limits.commands-kept'], BITE_ROWS)));
      if (old + many + left + alarms + commands + endedJobs > 0) {
        const gone = { events: old + many, connections: left, alarms, commands, jobs: endedJobs };
        log.info(gone, 'events, connections, closed alarms, settled commands and ended jobs past their retention were deleted');
      }
    } catch (error: unknown) {
      // The next round tries again.
      if (!stopping.signal.aborted) log.warn({ reason: messageOf(error) }, 'old events could not be deleted');
    }
  }

  /** Its devices first: a job that is half gone is taken up again by the next round. */
  async function removeJobs(before: number): Promise<number> {
    const ids = jobs.endedBefore(before);
    for (const id of ids) {
      await removeAll(() => jobs.removeDevices(id, BITE_ROWS));
      if (stopping.signal.aborted) return 0;
      await commits.commit({ statements: [jobs.remove(id)] });
    }
    return ids.length;
  }

  async function removeAll(bite: () => Statement): Promise<number> {
    let removed = 0;
    while (!stopping.signal.aborted) {
      const { changes } = await commits.commit({ statements: [bite()] });
      const count = changes[0] ?? 0;
      removed += count;
      if (count < BITE_ROWS) return removed;
      // Others write meanwhile.
      await wait(10, undefined, { ref: false });
    }
    return removed;
  }
}
