/** Branded identifiers: a string that has been checked once is not mistaken for another. */
declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

export type ProjectId = Branded<string, 'ProjectId'>;
/** Unique on the whole hub, because it stands in MQTT topics (docs/decisions/0003). */
export type DeviceId = Branded<string, 'DeviceId'>;
export type DeviceTypeId = Branded<string, 'DeviceTypeId'>;
/** A point's path inside its device: levels of letters joined by `/`, for example `boiler/temperature`. */
export type PointPath = Branded<string, 'PointPath'>;
/**
 * The storage key of one point: an integer below 2^53, `hubNumber * 2^40 + counter`, so that two hubs
 * can allocate without asking each other.
 */
export type SeriesId = Branded<number, 'SeriesId'>;

/** A group by its path from the root of its tree: `paris/hall-2`. Levels follow the rule of a name. */
export type GroupPath = Branded<string, 'GroupPath'>;

/** Of a rule: a name, unique in its project. */
export type RuleId = Branded<string, 'RuleId'>;
/** uuid v7, as of an event. */
export type AlarmId = Branded<string, 'AlarmId'>;
export type EventId = Branded<string, 'EventId'>;
/** Names, unique in their project. */
export type ChannelId = Branded<string, 'ChannelId'>;
export type RouteId = Branded<string, 'RouteId'>;

/** uuid v7: the correlation id on the wire. */
export type CommandId = Branded<string, 'CommandId'>;
export type JobId = Branded<string, 'JobId'>;
/** A name, unique in its project. */
export type ClaimId = Branded<string, 'ClaimId'>;

/** Letters, digits and `. _ : -`; no MQTT wildcard, no slash, no space, no control character. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
export const NAME_RULE = 'letters, digits and . _ : - (1 to 128 characters, first a letter or digit)';
const POINT_LEVEL = /^[^\s/+#*?,\p{Cc}]+$/u;
export const POINT_RULE = 'one or more levels joined by / (1 to 200 characters; no space, comma, wildcard or control character)';

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function isPointPath(text: string): boolean {
  if (text.length === 0 || text.length > 200) return false;
  for (const level of text.split('/')) if (!POINT_LEVEL.test(level)) return false;
  return true;
}

const GROUP_LEVELS_MAX = 16;
export const GROUP_RULE = `1 to ${GROUP_LEVELS_MAX} names joined by / (each ${NAME_RULE})`;

export function isGroupPath(text: string): boolean {
  const levels = text.split('/');
  return levels.length <= GROUP_LEVELS_MAX && text.length <= 500 && levels.every(isName);
}
