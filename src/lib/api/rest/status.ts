import { z } from 'zod';
import type { HubLevels } from '../../metrics/hub-figures.ts';
import type { HubMetrics } from '../../metrics/hub-metrics.ts';
import { type Route, route } from '../route.ts';
import { HubStatus } from '../schema/status.ts';

export interface StatusPorts {
  readonly metrics: HubMetrics;
  readonly levels: () => HubLevels;
  readonly checks: () => Readonly<Record<string, string | null>>;
  readonly clock: () => number;
  readonly version: string;
  readonly startedAt: number;
}

export function statusRoutes({ metrics, levels, checks, clock, version, startedAt }: StatusPorts): Route[] {
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
        const {
          devices,
          points,
          messagesWaiting,
          commitsWaiting,
          journalBytes,
          journalEntriesToApply,
          sampleStoreFailed,
          pressure,
          diskFreeBytes,
          diskFull,
          httpConnections,
          httpRefused,
          bytesWaiting,
          damagedFiles,
          streamSubscribers,
          streamDropped,
          mqtt,
        } = levels();
        const status: HubStatus = {
          version,
          startedAt,
          time: clock(),
          ready: Object.values(checks()).every((problem) => problem === null),
          ingest: { ...metrics.counts(), waiting: messagesWaiting, bytesWaiting, pressure },
          storage: { failed: sampleStoreFailed, damagedFiles, commitsWaiting, journalBytes, journalEntriesToApply, diskFreeBytes, diskFull },
          fleet: { devices, points },
          stream: { subscribers: streamSubscribers, dropped: streamDropped },
          http: { connections: httpConnections, refused: httpRefused },
          mqtt: { ...mqtt },
          process: metrics.process(),
        };
        return { status: 200, body: status };
      },
    }),
  ];
}
