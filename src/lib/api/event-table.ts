import type { HubEvent } from '../domain/event.ts';
import type { TableColumn } from '../exports/table.ts';

/** The columns of a file of events, by the names of their fields. */
export const EVENT_TABLE: readonly TableColumn<HubEvent>[] = [
  { name: 'time', kind: 'time', value: (event) => event.time },
  { name: 'recordedAt', kind: 'time', value: (event) => event.recordedAt },
  { name: 'kind', kind: 'text', value: (event) => event.kind },
  { name: 'severity', kind: 'text', value: (event) => event.severity },
  { name: 'actor', kind: 'text', value: (event) => event.actor },
  { name: 'device', kind: 'text', value: (event) => event.device },
  { name: 'point', kind: 'text', value: (event) => event.point },
  { name: 'rule', kind: 'text', value: (event) => event.rule },
  { name: 'alarm', kind: 'text', value: (event) => event.alarm },
  { name: 'text', kind: 'text', value: (event) => event.text },
  { name: 'details', kind: 'json', value: (event) => event.details },
  { name: 'id', kind: 'text', value: (event) => event.id },
];
