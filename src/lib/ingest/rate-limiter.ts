import type { Principal } from '../access/principal.ts';
import type { ProjectId } from '../domain/ids.ts';
import { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import { newTraffic, RATE_WINDOW_MS, type Traffic } from '../fleet/traffic.ts';
import type { InboundMessage } from './inbound-message.ts';

/** null: no limit. */
export interface Rates {
  readonly messagesPerSecond: number | null;
  readonly pointsPerSecond: number | null;
}

export interface RateLimits {
  readonly device: Rates;
  readonly project: Rates;
  /** So many seconds' worth may come at once. */
  readonly burstSeconds: number;
}

/** What a message is refused by; for the counters, and in the words of the settings. */
export const RATE_LIMIT_KINDS = ['device-messages', 'device-points', 'project-messages', 'project-points'] as const;
export type RateLimitKind = (typeof RATE_LIMIT_KINDS)[number];

export interface RateRefusal {
  readonly kind: RateLimitKind;
  readonly error: MusterError;
}

/**
 * Token buckets without timers: each is a few numbers that are brought up to date when a message comes. A message costs one message token, and
 * the points in it once they are known; the last one before a bucket is empty may take more than is left, so that a message larger than
 * the bucket passes too, and what follows waits for it.
 */
export interface RateLimiter {
  /** Counts the message, or says why it may not pass now. */
  admit(device: DeviceEntry, message: InboundMessage): RateRefusal | null;
  charge(device: DeviceEntry, message: InboundMessage, points: number): void;
  /** ms until a message would pass; 0: now. */
  delayMs(device: DeviceEntry, principal: Principal, now: number): number;
}

export function createRateLimiter(limits: RateLimits): RateLimiter {
  const { device: ofDevice, project: ofProject, burstSeconds } = limits;
  const perMessage = 1000 / RATE_WINDOW_MS;
  const limitsProjects = ofProject.messagesPerSecond !== null || ofProject.pointsPerSecond !== null;
  const projects = new Map<ProjectId, Traffic>();

  return {
    admit(device, message) {
      const now = message.receivedAt;
      device.traffic ??= full(ofDevice, now);
      const { traffic } = device;
      advance(traffic, ofDevice, now);
      const project = limitsProjects ? projectTraffic(device, now) : null;
      const refusal =
        (isOfDevice(message) ? refusalOf('device', traffic, ofDevice) : null) ?? (project === null ? null : refusalOf('project', project, ofProject));
      if (refusal !== null) {
        traffic.limited += 1;
        traffic.limitedAt = now;
        return refusal;
      }
      traffic.messageRate += perMessage;
      if (isOfDevice(message)) traffic.messageTokens -= 1;
      if (project !== null) project.messageTokens -= 1;
      return null;
    },
    charge(device, message, points) {
      const { traffic } = device;
      if (traffic === null) return;
      traffic.pointRate += points * perMessage;
      if (isOfDevice(message)) traffic.pointTokens -= points;
      if (!limitsProjects) return;
      const project = projects.get(device.device.project);
      if (project) project.pointTokens -= points;
    },
    delayMs(device, principal, now) {
      const { traffic } = device;
      // The first of all; and what was there a moment ago has not become less.
      if (traffic === null || (!limitsProjects && passes(traffic, ofDevice))) return 0;
      advance(traffic, ofDevice, now);
      const missing = isOfDevice({ principal }) ? delayOf(traffic, ofDevice) : 0;
      return limitsProjects ? Math.max(missing, delayOf(projectTraffic(device, now), ofProject)) : missing;
    },
  };

  function full(rates: Rates, now: number): Traffic {
    return newTraffic(now, capacityOf(rates.messagesPerSecond), capacityOf(rates.pointsPerSecond));
  }

  /** At least one message: a limit of one in some seconds would let nothing pass. */
  function capacityOf(perSecond: number | null): number {
    return perSecond === null ? 0 : Math.max(1, perSecond * burstSeconds);
  }

  function projectTraffic({ device }: DeviceEntry, now: number): Traffic {
    let traffic = projects.get(device.project);
    if (!traffic) {
      traffic = full(ofProject, now);
      projects.set(device.project, traffic);
    }
    advance(traffic, ofProject, now);
    return traffic;
  }

  function advance(traffic: Traffic, rates: Rates, now: number): void {
    const elapsedMs = now - traffic.at;
    if (elapsedMs === 0) return;
    traffic.at = now;
    // A clock that was set back gives nothing, and takes nothing.
    if (elapsedMs < 0) return;
    const share = Math.exp(-elapsedMs / RATE_WINDOW_MS);
    traffic.messageRate *= share;
    traffic.pointRate *= share;
    traffic.messageTokens = filled(traffic.messageTokens, rates.messagesPerSecond, elapsedMs);
    traffic.pointTokens = filled(traffic.pointTokens, rates.pointsPerSecond, elapsedMs);
  }

  function filled(tokens: number, perSecond: number | null, elapsedMs: number): number {
    return perSecond === null ? 0 : Math.min(capacityOf(perSecond), tokens + (perSecond * elapsedMs) / 1000);
  }
}

/** An operator who loads years of data is no broken device: what applications write counts against their project alone. */
function isOfDevice({ principal }: Pick<InboundMessage, 'principal'>): boolean {
  return principal.kind === 'device' || principal.kind === 'open';
}

function refusalOf(whose: 'device' | 'project', { messageTokens, pointTokens }: Traffic, { messagesPerSecond, pointsPerSecond }: Rates): RateRefusal | null {
  if (messagesPerSecond !== null && messageTokens < 1) return refusal(whose, 'messages', messagesPerSecond, messageTokens);
  return pointsPerSecond !== null && pointTokens <= 0 ? refusal(whose, 'points', pointsPerSecond, pointTokens) : null;
}

function passes({ messageTokens, pointTokens }: Traffic, { messagesPerSecond, pointsPerSecond }: Rates): boolean {
  return (messagesPerSecond === null || messageTokens >= 1) && (pointsPerSecond === null || pointTokens > 0);
}

function delayOf({ messageTokens, pointTokens }: Traffic, { messagesPerSecond, pointsPerSecond }: Rates): number {
  const ofMessages = messagesPerSecond !== null && messageTokens < 1 ? missingMs(messageTokens, messagesPerSecond) : 0;
  const ofPoints = pointsPerSecond !== null && pointTokens <= 0 ? missingMs(pointTokens, pointsPerSecond) : 0;
  return Math.max(ofMessages, ofPoints);
}

/** Until there is one. */
function missingMs(tokens: number, perSecond: number): number {
  return Math.ceil(((1 - tokens) * 1000) / perSecond);
}

function refusal(whose: 'device' | 'project', what: 'messages' | 'points', perSecond: number, tokens: number): RateRefusal {
  return {
    kind: `${whose}-${what}`,
    error: new MusterError('rate_limited', `the ${whose} sends more than ${perSecond} ${what}/s (limits.${what}-per-second-per-${whose})`, {
      details: { retryAfterMs: missingMs(tokens, perSecond) },
    }),
  };
}
