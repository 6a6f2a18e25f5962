import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '../../domain/log.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { DamagedFile } from '../sample-store.ts';
import { createAlarming } from './alarming/create-alarming.ts';
import { createBroker } from './broker.ts';
import { createCertificates } from './certificates.ts';
import type { SystemCheck } from './check-system.ts';
import { createClaimStorage } from './claims.ts';
import { createCommands } from './commands.ts';
import { createCommitLog, type RunningCommitLog } from './commit-log.ts';
import { createConfigs } from './configs.ts';
import { createCredentials } from './credentials.ts';
import { openReadDatabase, type ReadDatabase, systemFile } from './database.ts';
import { createDevices } from './devices.ts';
import { createGroups } from './groups.ts';
import { createJobs } from './jobs.ts';
import { createLife } from './life.ts';
import { createManifestSets } from './manifest-sets.ts';
import { keptWalPrefix } from './mend-wal.ts';
import { createPoints } from './points.ts';
import { createProjects } from './projects.ts';
import { readFleet } from './read-fleet.ts';
import { readRecentMarks } from './recent-marks.ts';
import { createRejects } from './rejects.ts';
import { runSystemCheck } from './run-system-check.ts';
import type { SystemStore } from './system-store.ts';
import { createTokens } from './tokens.ts';
import { createTypes } from './types.ts';
import { createUsers } from './users.ts';

export interface SystemStoreOptions {
  /** The data directory; it must exist, and no other hub may use it. */
  readonly folder: string;
  readonly queueMax: number;
  readonly journalBytesMax: number;
  readonly journalKeptBytes?: number;
  /** How long the marks of messages that may be repeated are kept. */
  readonly repeatWindowMs: number;
  readonly log: Log;
}

export interface EmbeddedSystemStore extends SystemStore {
  readonly log: RunningCommitLog;
  /** The database with the journal, for `openJournal`. */
  readonly file: string;
  /** Reads all of it, in a thread of its own. */
  check(): Promise<SystemCheck>;
  /** What was found damaged, at this start or before, and is kept out of the way: logs, and entries of the journal and of the broker's log. */
  setAside(): readonly DamagedFile[];
}

const SET_ASIDE_MAX = 100;
const SET_ASIDE = `select source, entry, reason from damaged_entries order by id desc limit ${SET_ASIDE_MAX}`;

/** System data and the ingest journal in one SQLite file. `start` throws MusterError `storage_failed`. */
export function createSystemStore({ folder, queueMax, journalBytesMax, journalKeptBytes = 0, repeatWindowMs, log }: SystemStoreOptions): EmbeddedSystemStore {
  const file = systemFile(folder);
  const commits = createCommitLog({ file, queueMax, journalBytesMax, journalKeptBytes, repeatWindowMs, log });
  let open: ReadDatabase | null = null;
  const database = (): ReadDatabase => {
    if (open === null) throw new MusterError('stopping', 'the system database is not open');
    return open;
  };
  return {
    log: commits,
    file,
    projects: createProjects(database),
    users: createUsers(database),
    tokens: createTokens(database),
    types: createTypes(database),
    devices: createDevices(),
    groups: createGroups(database),
    manifestSets: createManifestSets(database),
    readFleet: () => readFleet(file, database()),
    points: createPoints(database),
    credentials: createCredentials(database),
    certificates: createCertificates(database),
    rejects: createRejects(database),
    claims: createClaimStorage(database),
    broker: createBroker(database, commits, log),
    commands: createCommands(database, log),
    jobs: createJobs(database, log),
    alarming: createAlarming(database, log),
    configs: createConfigs(database),
    life: createLife(database),
    recentMarks: async () => readRecentMarks(database()),
    check: () => runSystemCheck(file),
    setAside() {
      const logs = readdirSync(folder).filter((name) => join(folder, name).startsWith(keptWalPrefix(file)));
      const entries = database().all<{ source: string; entry: number; reason: string }>(SET_ASIDE);
      return [
        ...logs.sort().map((name) => ({ file: name, problem: 'was damaged and is mended; this is how it was found: delete it when it is of no use any more' })),
        ...entries.map(({ source, entry, reason }) => ({ file: basename(file), problem: `${source} entry ${entry} is set aside: ${reason}` })),
      ];
    },
    async start() {
      if (open !== null) return;
      // The writer makes and migrates the file, so it is first.
      await commits.start();
      open = openReadDatabase(file);
    },
    async stop() {
      // The last connection that closes folds the write-ahead log into the file; a reader could not.
      open?.close();
      open = null;
      await commits.stop();
    },
  };
}
