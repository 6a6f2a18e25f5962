import type { AlarmRecord } from '../../domain/alarm.ts';

/** What a person is shown of the facts, the most urgent first. */
export const DISPLAY_STATES = [
  'unacknowledged',
  'acknowledged',
  'latched-unacknowledged',
  'returned-unacknowledged',
  'latched-acknowledged',
  'shelved',
  'suppressed',
  'out-of-service',
  'normal',
] as const;
export type DisplayState = (typeof DISPLAY_STATES)[number];

/** The names of ISA-18.2 (and the states of OPC UA Part 9). */
export const DISPLAY_STATE_NAMES: Readonly<Record<DisplayState, string>> = {
  unacknowledged: 'Unacknowledged',
  acknowledged: 'Acknowledged',
  'latched-unacknowledged': 'Latched unacknowledged',
  'returned-unacknowledged': 'Returned to normal unacknowledged',
  'latched-acknowledged': 'Latched acknowledged',
  shelved: 'Shelved',
  suppressed: 'Suppressed',
  'out-of-service': 'Out of service',
  normal: 'Normal',
};

export type AlarmFacts = Pick<AlarmRecord, 'active' | 'acked' | 'latched' | 'shelvedUntil' | 'outOfService' | 'suppressedBy'>;

/**
 * The facts are independent, and one word is shown: first whether it is withheld from people at all, by the longest lasting reason (out of service, then
 * shelved, then suppressed), then whether the condition holds, then the latch, then the acknowledgement.
 */
export function displayState(record: AlarmFacts): DisplayState {
  if (record.outOfService) return 'out-of-service';
  if (record.shelvedUntil !== null) return 'shelved';
  if (record.suppressedBy.length > 0) return 'suppressed';
  if (record.active) return record.acked ? 'acknowledged' : 'unacknowledged';
  if (record.latched) return record.acked ? 'latched-acknowledged' : 'latched-unacknowledged';
  return record.acked ? 'normal' : 'returned-unacknowledged';
}
