import { z } from 'zod';
import type { HubLevels } from '../../metrics/hub-figures.ts';
import type { HubMetrics } from '../../metrics/hub-metrics.ts';
import { type Route, route } from '../route.ts';
import { HubStatus } from '../schema/status.ts';

export interface StatusPorts {
  readonly metrics: HubMetrics;
  readonly levels: () => HubLevels;
  readonly clock: () => number;
  readonly version: string;
  readonly startedAt: number;
}

export function statusRoutes({ metrics, levels, clock, version, startedAt }: StatusPorts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/metrics',
      tag: 'hub',
      summary: "Metrics of the whole hub in Prometheus' text format",
      permission: 'hub:read',
      responses: { 200: z.string() },
      handle: async () => ({ status: 200, body: await metrics.text(), headers: { 'content-type': metrics.contentType } }),
    }),
    route({
      method: 'GET',
      path: '/status',
      tag: 'hub',
      summary: 'How the hub is: counts since its start, levels now',
      permission: 'hub:read',
      responses: { 200: HubStatus },
      handle() {
        const now = levels();
        const { commits, ...counts } = metrics.storage.counts();
        const status: HubStatus = {
          version,
          startedAt,
          time: clock(),
          ready: now.problems.length === 0,
          problems: [...now.problems],
          ingest: {
            ...metrics.counts(),
            waiting: now.messagesWaiting,
            bytesWaiting: now.bytesWaiting,
            pressure: now.pressure,
            pressureTimes: now.pressureTimes,
            pressureHeldMs: now.pressureHeldMs,
            steps: now.steps,
          },
          storage: {
            failed: now.sampleStoreFailed,
            commitsFailing: now.commitsFailing,
            damagedFiles: now.damagedFiles,
            damagedEntries: now.damagedEntries,
            commitsWaiting: now.commitsWaiting,
            commits: { ...commits, failed: now.commitGroupsFailed, threadRestarts: now.commitThreadRestarts },
            journalBytes: now.journalBytes,
            journalEntriesToApply: now.journalEntriesToApply,
            ...counts,
            diskFreeBytes: now.diskFreeBytes,
            diskFloorBytes: now.diskFloorBytes,
            diskFull: now.diskFull,
          },
          fleet: { devices: now.devices, points: now.points },
          stream: { subscribers: now.streamSubscribers, dropped: now.streamDropped },
          http: { connections: now.httpConnections, refused: now.httpRefused },
          alarms: now.alarms,
          notifications: now.notifications,
          commands: now.commands,
          mqtt: now.mqtt,
          limits: [...now.limits],
          process: metrics.process(),
        };
        return { status: 200, body: status };
      },
    }),
  ];
}
