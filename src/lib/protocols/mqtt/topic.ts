const SLASH = 47;
const DOLLAR = 36;
const PLUS = 43;
const HASH = 35;

/** What the decoder leaves in place of invalid UTF-8 and lone surrogates; no sane topic holds it. */
const REPLACEMENT = '\uFFFD';

/** Text of a client must be UTF-8 without U+0000 [MQTT-1.5.3-1] [MQTT-1.5.3-2]. */
export function isCleanText(text: string): boolean {
  return !text.includes('\0') && !text.includes(REPLACEMENT);
}

/** A topic to publish to: not empty, clean text, no wildcard [MQTT-4.7.1-1] [MQTT-4.7.3-1]. */
export function isTopic(text: string): boolean {
  return text.length > 0 && isCleanText(text) && !text.includes('+') && !text.includes('#');
}

/** A filter to subscribe to: `+` is alone in its level, `#` alone in the last one [MQTT-4.7.1-2] [MQTT-4.7.1-3]. */
export function isFilter(text: string): boolean {
  if (text.length === 0 || !isCleanText(text)) return false;
  const levels = text.split('/');
  return levels.every((level, index) => {
    if (level.includes('#')) return level === '#' && index === levels.length - 1;
    return !level.includes('+') || level === '+';
  });
}

export function levelCount(text: string): number {
  let levels = 1;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) === SLASH) levels++;
  return levels;
}

/** A wildcard in the first level does not see topics that begin with `$` [MQTT-4.7.2-1]. */
export function hidesFrom(filter: string, topic: string): boolean {
  if (topic.charCodeAt(0) !== DOLLAR) return false;
  const first = filter.charCodeAt(0);
  return first === PLUS || first === HASH;
}

/** Whether a valid filter matches a valid topic. */
export function matches(filter: string, topic: string): boolean {
  if (hidesFrom(filter, topic)) return false;
  const filterLevels = filter.split('/');
  const topicLevels = topic.split('/');
  for (const [index, level] of filterLevels.entries()) {
    if (level === '#') return true;
    if (index >= topicLevels.length) return false;
    if (level !== '+' && level !== topicLevels[index]) return false;
  }
  return filterLevels.length === topicLevels.length;
}
