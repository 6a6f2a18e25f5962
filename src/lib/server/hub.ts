import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAccess } from '../access/create-access.ts';
import { ensureFirstStart, type FirstStart } from '../access/first-start.ts';
import { HubCertificate } from '../certificates/hub-certificate.ts';
import { defaultSettings, type Settings } from '../config/settings.ts';
import type { ProjectId } from '../domain/ids.ts';
import type { Log } from '../domain/log.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import { openDiskReserve } from './disk-reserve.ts';
import { openDataDirectory, openTemporaryFolder, readTls, readTlsFiles, writePrivately } from './files.ts';
import { localToken } from './local-token.ts';
import { lockDirectory } from './lock-directory.ts';
import { createLog } from './log.ts';
import { openDoors } from './open-doors.ts';
import { openStorage } from './open-storage.ts';
import { openTicketKeys } from './open-ticket-keys.ts';
import { lookAtHangUp } from './renew-certificate.ts';
import { Shutdown } from './shutdown.ts';
import { packageVersion } from './version.ts';
import { diskFloor } from './watch-disk.ts';

const DEFAULT_PROJECT = 'default' as ProjectId;

export interface HubOptions {
  readonly log?: Log;
  /** ms since 1970; for tests. */
  readonly clock?: () => number;
  /** The token of the last start, if it is known. */
  readonly localToken?: string | null;
}

/** A running hub. */
export interface Hub {
  /** Of the API, for example http://127.0.0.1:8080 */
  readonly url: string;
  readonly mqttUrl: string | null;
  readonly mqttsUrl: string | null;
  /** An administrator's token: `localToken` if that is one, else a new one in its place. */
  readonly token: string;
  readonly project: string;
  readonly data: string;
  /** What the very first start on this directory made; the password is known here and nowhere else. */
  readonly firstStart: FirstStart | null;
  /** Stops taking, finishes what is under way, closes. Resolves with the names of steps that failed. Idempotent. */
  stop(): Promise<readonly string[]>;
}

/**
 * The composition root: opens everything in order and, when one step fails, closes what was open. Resolves when traffic is taken.
 */
export async function startHub(partial: Partial<Settings> = {}, options: HubOptions = {}): Promise<Hub> {
  const settings: Settings = { ...defaultSettings(), ...partial };
  const log = options.log ?? createLog(settings['log.level'], settings['log.format']);
  const clock = options.clock ?? Date.now;
  const shutdown = new Shutdown();
  try {
    const files = await readTls(settings);
    const data = await openDataDirectory(settings);
    shutdown.defer('data directory', () => data.discard());
    const lock = lockDirectory(data.folder);
    shutdown.defer('lock', () => lock.release());
    if (!settings.ephemeral) {
      const reserve = await openDiskReserve({
        folder: data.folder,
        freeBytesMin: await diskFloor(settings['storage.free-disk-bytes-min'], [data.folder]),
        log,
      });
      shutdown.defer('disk reserve', () => reserve.stop());
    }
    const temporaryFolder = await openTemporaryFolder(data.folder);
    // A file of a former run would say that this one is ready.
    const readyFile = settings['ready-file'];
    if (readyFile !== null) await rm(readyFile, { force: true });
    const renewed = files === null ? null : new HubCertificate({ current: files, read: () => readTlsFiles(settings) });
    if (renewed !== null) lookAtHangUp(renewed, { log, shutdown });
    const pidFile = settings['pid-file'] ?? join(data.folder, 'hub.pid');
    await writePrivately(pidFile, `${process.pid}\n`);
    shutdown.defer('pid file', () => rm(pidFile, { force: true }));
    const tls = files === null || renewed === null ? null : { ...files, renewed, tickets: await openTicketKeys(data.folder, clock, log) };
    if (tls !== null) shutdown.defer('TLS session key', () => tls.tickets.stop());

    const storage = await openStorage({ settings, folder: data.folder, temporaryFolder, log, clock, shutdown });
    const access = createAccess({ system: storage.system, directory: storage.directory, settings, clock, log });
    await access.certificates.authorities.load();
    await access.certificates.lists.load();
    const firstStart = await ensureFirstStart({ system: storage.system, accounts: access.accounts, clock });
    for (const project of await storage.system.projects.all()) storage.directory.projects.set(project.id, project);
    const project = firstStart?.project ?? DEFAULT_PROJECT;
    const token = await localToken(access, project, options.localToken ?? null);
    const doors = await openDoors({
      settings,
      storage,
      access,
      tls,
      temporaryFolder,
      log,
      clock,
      version: packageVersion(),
      home: project,
      shutdown,
    });

    const addresses = { http: doors.http, mqtt: doors.mqtt, mqtts: doors.mqtts };
    if (readyFile !== null) {
      await writePrivately(readyFile, `${JSON.stringify({ pid: process.pid, ...addresses, token, project, data: data.folder })}\n`);
      shutdown.defer('ready file', () => rm(readyFile, { force: true }));
    }
    let stopping: Promise<readonly string[]> | null = null;
    log.info({ http: doors.http.url, mqtt: doors.mqtt?.url ?? 'off', mqtts: doors.mqtts?.url ?? 'off', data: data.folder }, 'the hub takes traffic');
    return {
      url: doors.http.url,
      mqttUrl: doors.mqtt?.url ?? null,
      mqttsUrl: doors.mqtts?.url ?? null,
      token,
      project,
      data: data.folder,
      firstStart,
      stop: () => {
        stopping ??= stopWithWords(shutdown, log);
        return stopping;
      },
    };
  } catch (error: unknown) {
    await shutdown.run(log);
    throw error instanceof MusterError ? error : startFailure(error, settings);
  }
}

function startFailure(cause: unknown, settings: Settings): MusterError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return new MusterError('internal', `the hub could not start: ${messageOf(cause)}`, { cause });
  return new MusterError(
    'disk_full',
    `the hub could not start: there is no room on the disk of ${settings.data ?? 'the data directory'} (${messageOf(cause)})`,
    {
      cause,
      hint: 'Make room on the disk: a few megabytes are enough to start and to answer questions.',
    },
  );
}

async function stopWithWords(shutdown: Shutdown, log: Log): Promise<readonly string[]> {
  log.info({}, 'the hub stops: it takes nothing new and finishes what is under way');
  const failed = await shutdown.run(log);
  if (failed.length === 0) log.info({}, 'the hub has stopped; everything acknowledged is stored');
  return failed;
}
