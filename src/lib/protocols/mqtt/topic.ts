const SLASH = 47;
const DOLLAR = 36;
const PLUS = 43;
const HASH = 35;

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
