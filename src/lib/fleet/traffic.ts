import type { ClockState } from './clock-state.ts';

/** How much a device, or a whole project, sends: what its rate is counted and limited by. Times are ms since 1970. */
export interface Traffic {
  /** Messages and points that may come at once; below zero after a message with more points than were left. */
  messageTokens: number;
  pointTokens: number;
  /** Per second, averaged over about RATE_WINDOW_MS. */
  messageRate: number;
  pointRate: number;
  /** When all of the above was right. */
  at: number;
  /** Messages refused for their rate, since the hub's start. */
  limited: number;
  limitedAt: number | null;
  /** Times that a message of it was left unread for its rate, since the hub's start. */
  heldBack: number;
  /** How many had been refused when it was last noted among the rejected messages, and when that was. */
  limitedNoted: number;
  notedAt: number;
  /** null: it has said no time of its own yet. */
  clock: ClockState | null;
}

export const RATE_WINDOW_MS = 10_000;

/** A bucket; it is full at first. */
export function newTraffic(now: number, messageTokens: number, pointTokens: number): Traffic {
  return {
    messageTokens,
    pointTokens,
    messageRate: 0,
    pointRate: 0,
    at: now,
    limited: 0,
    limitedAt: null,
    heldBack: 0,
    limitedNoted: 0,
    notedAt: Number.NEGATIVE_INFINITY,
    clock: null,
  };
}

/** Rates at this moment: they fade while nothing comes. */
export function ratesAt(traffic: Traffic | null, now: number): { readonly messages: number; readonly points: number } {
  if (traffic === null) return { messages: 0, points: 0 };
  const share = Math.exp(-Math.max(0, now - traffic.at) / RATE_WINDOW_MS);
  return { messages: traffic.messageRate * share, points: traffic.pointRate * share };
}
