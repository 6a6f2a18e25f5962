import type { HubClient } from '../client/hub-client.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';

export const LEVELS = ['ok', 'skipped', 'warn', 'fail'] as const;
export type Level = (typeof LEVELS)[number];

export interface Finding {
  readonly level: Level;
  /** One sentence: what was found. */
  readonly text: string;
  /** What to do about it; null when there is nothing to do. */
  readonly hint: string | null;
  /** Gives the exit code of a failure; absent, it is 1. */
  readonly code?: ErrorCode;
}

/** What a check may look at. */
export interface Surroundings {
  /** Of this command. */
  readonly version: string;
  /** Where a hub started here without --data keeps its data. */
  readonly dataDirectory: string;
  /** The file of the contexts, whether or not it exists. */
  readonly contextFile: string;
  /** Its mode bits before this command touched it; null where there is no file, or no such bits (Windows). */
  readonly contextFileMode: number | null;
  /** The hub that commands talk to; or why there is none. */
  readonly target: Target | MusterError;
}

export interface Target {
  readonly url: string;
  /** The context it comes from; null when a flag or the environment names it. */
  readonly context: string | null;
  readonly hasToken: boolean;
  /** PEM file of the CA that signed the hub's certificate. */
  readonly ca: string | null;
  readonly client: HubClient;
}

/** One thing to look at. `run` may throw: that is a failure of this check alone. It stops when the signal aborts. */
export interface Check {
  readonly name: string;
  /** The check without which this one can tell nothing: when that fails, a failure of this one is no finding. */
  readonly after?: string;
  run(surroundings: Surroundings, signal: AbortSignal): Promise<Finding>;
}

export function ok(text: string): Finding {
  return { level: 'ok', text, hint: null };
}

export function warn(text: string, hint: string): Finding {
  return { level: 'warn', text, hint };
}

export function fail(text: string, hint: string, code?: ErrorCode): Finding {
  return code === undefined ? { level: 'fail', text, hint } : { level: 'fail', text, hint, code };
}

const NO_HUB: Finding = { level: 'skipped', text: 'Not checked: no hub is chosen', hint: null };
const NO_TOKEN: Finding = { level: 'skipped', text: 'Not checked: there is no token', hint: null };

/** The check whether the hub can be reached at all. */
export const HUB_CHECK = 'hub';

/** A check of the hub, which is skipped when none is chosen, or when it cannot be reached. */
export function hubCheck(name: string, run: (target: Target, signal: AbortSignal, surroundings: Surroundings) => Promise<Finding>): Check {
  return {
    name,
    ...(name === HUB_CHECK ? {} : { after: HUB_CHECK }),
    run: async (surroundings, signal) => (surroundings.target instanceof MusterError ? NO_HUB : run(surroundings.target, signal, surroundings)),
  };
}

/** The same, for what the hub tells only to those who are logged in. */
export function loggedInCheck(name: string, run: (target: Target, signal: AbortSignal, surroundings: Surroundings) => Promise<Finding>): Check {
  return hubCheck(name, async (target, signal, surroundings) => (target.hasToken ? run(target, signal, surroundings) : NO_TOKEN));
}
