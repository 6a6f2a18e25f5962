import { z } from 'zod';
import { Time } from './common.ts';

const Count = z.number().int();
const Ms = z.number();

const Step = z.object({ in: Count.describe('messages that went in'), out: Count.describe('messages that it gave on') });

const Maintenance = z.object({
  runs: Count,
  failed: Count,
  samples: Count.describe('moved to files, or deleted'),
  filesWritten: Count,
  filesDeleted: Count.describe('or replaced'),
  bytesWritten: Count,
  elapsedMs: Ms.describe('of all runs'),
  lastAt: Time.nullable().describe('when the last run ended; null: there was none'),
  lastError: z.string().nullable().describe('why the last run failed; null: it did not'),
});

const Mqtt = z.object({
  connections: Count.describe('now'),
  halfOpen: Count.describe('connections without a CONNECT that was answered, now'),
  waitingConnects: Count.describe('connections that wait for their turn, now'),
  connecting: Count.describe('connections that were let in, with a TLS handshake or log-in under way, of the last two seconds'),
  sessions: Count.describe('now'),
  sessionsPresent: Count,
  sessionsAbsent: Count,
  subscriptions: Count.describe('now; shared ones too'),
  sharedSubscriptions: Count,
  retained: Count.describe('retained messages, now'),
  retainedBytes: Count,
  wills: Count.describe('now'),
  queuedMessages: Count.describe('deliveries of QoS 1 and 2 that are not done, now; a message counts once for each client'),
  queuedBytes: Count.describe('their messages; one counts once'),
  inFlight: Count.describe('those of them that were sent'),
  held: Count.describe('messages of clients that wait for the disk, now'),
  received: Count.describe('messages that clients published'),
  reports: Count.describe('those for ingest'),
  acknowledged: Count,
  sent: Count.describe('messages sent to clients'),
  failed: Count.describe('messages and wills that could not be stored'),
  refused: Count.describe('publishes, wills and subscriptions that a right was missing for'),
  refusedConnections: Count.describe('in all; then by reason'),
  refusedLogIn: Count,
  refusedIdentifier: Count,
  refusedProtocol: Count,
  refusedFull: Count,
  refusedPerAddress: Count,
  refusedPerDevice: Count,
  refusedUnavailable: Count,
  refusedHalfOpen: Count,
  acceptFailures: Count.describe('connections for which the operating system had no descriptor'),
  violations: Count.describe('connections cut for what they sent'),
  keepAliveTimeouts: Count.describe('connections cut for their silence'),
  dropped: Count.describe('messages that clients did not get, in all; then by reason'),
  droppedQueueFull: Count,
  droppedSlow: Count,
  droppedTooLarge: Count,
  droppedRetained: Count.describe('no room for another retained message'),
  droppedShared: Count.describe('nobody of a shared subscription could take it'),
});

/** How the hub is: counts since its start, levels now. Rates are the difference of two readings. */
export const HubStatus = z
  .object({
    version: z.string(),
    startedAt: Time,
    time: Time,
    ready: z.boolean(),
    problems: z.array(z.string()).describe('why it is not ready, one sentence each'),
    ingest: z.object({
      messages: Count,
      samples: Count,
      rejected: Count.describe('values and messages that were not taken'),
      failed: Count.describe('messages that could not be stored and were not acknowledged'),
      limited: Count.describe('messages refused for their rate'),
      repeated: Count.describe('messages that were known already'),
      waiting: Count.describe('messages that wait for the disk'),
      bytesWaiting: Count.describe('their payloads'),
      pressure: z.object({ since: Time, reason: z.string() }).nullable().describe('senders are held back since then, because of that; null: they are not'),
      pressureTimes: Count.describe('times that senders were held back'),
      pressureHeldMs: Ms.describe('how long in all'),
      acknowledgeP50Ms: z.number().nullable().describe('of the last 4,096 messages'),
      acknowledgeP99Ms: z.number().nullable(),
      steps: z
        .object({ admit: Step, decode: Step, resolve: Step, evaluate: Step, commit: Step, publish: Step })
        .describe('the way of a message; what is missing behind a step was refused there, or is in it'),
    }),
    storage: z.object({
      failed: z.boolean().describe('the sample store takes nothing at the moment; the journal keeps what arrives'),
      commitsFailing: z.boolean().describe('nothing can be written at the moment'),
      damagedFiles: Count.describe('files of samples that are damaged and left out; storage names them'),
      damagedEntries: Count.describe('entries of the journal and of the log of the broker that are set aside'),
      commitsWaiting: Count,
      commits: z.object({
        groups: Count,
        units: Count,
        samples: Count,
        bytes: Count,
        elapsedMs: Ms.describe('of all: the transactions with their fsync'),
        failed: Count.describe('groups that could not be written'),
        threadRestarts: Count,
      }),
      journalBytes: Count.describe('not yet in the sample store'),
      journalEntriesToApply: Count,
      applyLagMs: Ms.describe('age of the oldest samples that are not yet in the sample store'),
      apply: z.object({ batches: Count, samples: Count, elapsedMs: Ms.describe('of all') }),
      compaction: Maintenance,
      retention: Maintenance,
      diskFreeBytes: Count.nullable().describe('on the disk of the data directory; null: not known'),
      diskFloorBytes: Count.describe('with less room writes are refused; 0: there is no floor'),
      diskFull: z.boolean().describe('too little room: writes are refused'),
    }),
    http: z.object({ connections: Count, refused: Count.describe('connections that were one too many, since the start') }),
    fleet: z.object({ devices: Count, points: Count }),
    stream: z.object({ subscribers: Count, dropped: Count.describe('samples dropped for slow subscribers') }),
    alarms: z
      .object({
        rules: Count.describe('in force at the hub'),
        rulesFailing: Count.describe('enabled, and cannot be read'),
        pointsWatched: Count.describe('points with samples since the rules changed that at least one rule watches'),
        alarmsLive: Count,
        alarmsActive: Count,
        alarmsUnacked: Count,
        timers: Count,
        samplesEvaluated: Count,
        samplesWaiting: Count.describe('samples that are evaluated once the hub, which has just started, is where it was'),
        transitions: Count,
        uncommitted: Count.describe('events of alarms that are not on disk'),
        evaluations: Count.describe('rules on points, devices and groups that are not quiet, or that wait for the clock'),
        lateEvaluations: Count.describe('the same of late data'),
        scriptsWaiting: Count.describe('samples that scripts have not answered for'),
        commandsAsked: Count.describe('what rules asked of devices'),
        dropped: z
          .object({ alarms: Count, evaluations: Count, late: Count, scripts: Count, commands: Count, events: Count, waiting: Count })
          .describe('what was not done because a limit was reached'),
      })
      .describe('the alarm engine: levels now, counts since the start'),
    notifications: z
      .object({
        waiting: Count.describe('alarm changes that are not told yet, now'),
        inFlight: Count.describe('notifications that are being sent, now'),
        channels: Count.describe('that are enabled'),
        failing: Count.describe('channels whose last attempt failed'),
        delivered: Count.describe('alarm changes'),
        failed: Count.describe('alarm changes that were given up'),
        dropped: Count.describe('alarm changes that nobody was told of, because there was no room or their channel went'),
        retried: Count.describe('attempts that failed and are repeated'),
      })
      .describe('who is told of alarms: levels now, counts since the start'),
    commands: z
      .object({
        open: Count.describe('commands that are not settled, now'),
        jobs: Count.describe('jobs that are not over, now'),
        bytes: Count.describe('of their values, now'),
        ...{ created: Count, sent: Count, delivered: Count, applied: Count, rejected: Count, expired: Count, cancelled: Count },
      })
      .describe('what is asked of devices: levels now, counts since the start'),
    mqtt: Mqtt.describe('levels now and counts since the start'),
    limits: z
      .array(z.object({ setting: z.string(), level: z.number(), limit: z.number().nullable().describe('null: none is set') }))
      .describe('how far what has a limit is filled'),
    process: z.object({
      memoryBytes: Count,
      eventLoopDelayP99Ms: z.number().describe('how late the event loop was, of the last ten seconds or so'),
      eventLoopDelayMaxMs: z.number(),
    }),
  })
  .meta({ id: 'HubStatus' });
export type HubStatus = z.infer<typeof HubStatus>;
