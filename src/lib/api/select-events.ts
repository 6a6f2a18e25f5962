import type { z } from 'zod';
import type { AlarmId, DeviceId, ProjectId, RuleId } from '../domain/ids.ts';
import { isName } from '../domain/ids.ts';
import { severitiesOf } from '../domain/severity.ts';
import { MusterError } from '../errors/muster-error.ts';
import { eventKindsOf } from '../events/event-filter.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { EventFilter } from '../storage/alarm-storage.ts';
import type { EventStreamQuery } from './schema/events.ts';
import { listOf } from './select-points.ts';

/** What `kind`, `severity`, `device`, `rule` and `alarm` of a query select. Throws invalid for what can find nothing. */
export function eventFilterOf(
  project: ProjectId,
  query: z.output<typeof EventStreamQuery>,
  fleet: Pick<Fleet, 'device'>,
): Omit<EventFilter, 'from' | 'to' | 'after'> {
  const { kind, severity, device, rule, alarm } = query;
  const kinds = listOf(kind);
  const severities = listOf(severity);
  const devices = listOf(device);
  const rules = listOf(rule);
  return {
    project,
    ...(kinds !== undefined && { kinds: eventKindsOf(kinds) }),
    ...(severities !== undefined && { severities: severitiesOf(severities) }),
    ...(devices !== undefined && { devices: devices.map((id) => deviceOf(project, id, fleet)) }),
    ...(rules !== undefined && { rules: rules as readonly RuleId[] }),
    ...(alarm !== undefined && { alarm: alarm as AlarmId }),
  };
}

/** A device that is gone has events too, so an id need not be that of one; an alias must. */
export function deviceOf(project: ProjectId, id: string, fleet: Pick<Fleet, 'device'>): DeviceId {
  try {
    return fleet.device(project, id).device.id;
  } catch (error: unknown) {
    if (!(error instanceof MusterError) || error.code !== 'not_found' || !isName(id)) throw error;
    return id as DeviceId;
  }
}
