import type { Command } from '../domain/command.ts';

export const SUPERSEDED = 'superseded: something newer was asked before the device had it';

/** Does the newer command take the place of one that waits? A configuration of any other; a set of one whose points it sets all. */
export function isSupersededBy(older: Command, newer: Command): boolean {
  if (older.state !== 'queued' || older.kind !== newer.kind || older.kind === 'call') return false;
  if (older.kind === 'config') return true;
  const wanted = newer.value as object;
  return Object.keys(older.value as object).every((point) => Object.hasOwn(wanted, point));
}
