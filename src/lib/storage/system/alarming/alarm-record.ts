import { ALARM_ORIGINS, type AlarmRecord } from '../../../domain/alarm.ts';
import { SEVERITIES } from '../../../domain/severity.ts';
import { objectOf } from './readable-rows.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const number: Check = (value) => typeof value === 'number';
const truth: Check = (value) => typeof value === 'boolean';
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const anything: Check = (value) => value !== undefined;
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const among =
  (members: readonly string[]): Check =>
  (value) =>
    members.includes(value as string);
const object: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the engine relies on: one that is not so must not get into its memory. */
const FIELDS: { readonly [Field in keyof AlarmRecord]: Check } = {
  id: text,
  project: text,
  rule: text,
  ruleVersion: number,
  subject: (value) => object(value) && ['device', 'point', 'group'].every((part) => orNull(text)((value as Record<string, unknown>)[part])),
  origin: among(ALARM_ORIGINS),
  historical: truth,
  active: truth,
  level: orNull(text),
  severity: orNull(among(SEVERITIES)),
  acked: truth,
  latched: truth,
  shelvedUntil: orNull(number),
  shelvedOnce: truth,
  outOfService: truth,
  suppressedBy: texts,
  raisedAt: orNull(number),
  clearedAt: orNull(number),
  raisedCount: number,
  ackedAt: orNull(number),
  ackedBy: orNull(text),
  assignee: orNull(text),
  value: anything,
  message: text,
  explanation: text,
  labels: (value) => object(value) && Object.values(value as object).every(text),
  reAlarmAt: orNull(number),
  notifiedSeverity: orNull(among(SEVERITIES)),
  createdAt: number,
  updatedAt: number,
  closedAt: orNull(number),
};
const CHECKS = Object.entries(FIELDS);

/** Throws for what is none, or that of another alarm. */
export function alarmRecordOf(json: string, id: string, project: string): AlarmRecord {
  const record = objectOf(json);
  for (const [field, isRight] of CHECKS) if (!isRight(record[field])) throw new Error(`its ${field} is not what it should be`);
  if (record.id !== id || record.project !== project) throw new Error('it is that of another alarm');
  return record as unknown as AlarmRecord;
}
