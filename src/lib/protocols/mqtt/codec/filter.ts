const SHARE = '$share/';

export interface ParsedFilter {
  /** Of a shared subscription; null of any other. */
  readonly shareName: string | null;
  readonly topicFilter: string;
}

/**
 * A filter to subscribe to: not empty [MQTT-4.7.3-1], `+` alone in its level [MQTT-4.7.1-2], `#` alone in the last one
 * [MQTT-4.7.1-1] ([MQTT-4.7.1-3] and [MQTT-4.7.1-2] in 3.1.1). `$share/<name>/<filter>` is shared: the name is not empty
 * and holds no wildcard [MQTT-4.8.2-1], a filter follows [MQTT-4.8.2-2]; so for older versions too, which know no shared
 * subscriptions, as brokers commonly have it. null if it is none of that.
 */
export function parseFilter(filter: string): ParsedFilter | null {
  if (!filter.startsWith(SHARE)) return isTopicFilter(filter) ? { shareName: null, topicFilter: filter } : null;
  const slash = filter.indexOf('/', SHARE.length);
  const shareName = filter.slice(SHARE.length, slash);
  const topicFilter = filter.slice(slash + 1);
  if (slash <= SHARE.length || /[+#]/.test(shareName) || !isTopicFilter(topicFilter)) return null;
  return { shareName, topicFilter };
}

function isTopicFilter(text: string): boolean {
  if (text.length === 0) return false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character !== '+' && character !== '#') continue;
    if (at > 0 && text[at - 1] !== '/') return false;
    const isLast = at === text.length - 1;
    if (character === '#' ? !isLast : !isLast && text[at + 1] !== '/') return false;
  }
  return true;
}
