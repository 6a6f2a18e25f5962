import { decodeName, PacketError } from './packet-reader.ts';
import { REASON, type ReasonCode } from './reason-codes.ts';

const PLUS = 0x2b;
const HASH = 0x23;
/** A power of two; enough for a gateway that reports for a few dozen devices in turn. */
const SLOTS = 64;
const CACHED_BYTES_MAX = 256;

/**
 * A topic to publish to: a name, not empty [MQTT-4.7.3-1], without wildcards [MQTT-3.3.2-2]. Throws PacketError, with
 * `reasonCode` if it is a name but no topic.
 */
export function decodeTopic(bytes: Buffer, start: number, end: number, reasonCode: ReasonCode = REASON.topicInvalid): string {
  if (start === end) throw new PacketError(reasonCode, 'a topic is empty');
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === PLUS || byte === HASH) throw new PacketError(reasonCode, 'a topic holds a wildcard');
  }
  return decodeName(bytes, start, end);
}

/**
 * Gives the same string for the same bytes: clients publish to few topics, and a string that is already there costs
 * neither checks nor memory, and has its hash for the maps behind. Bounded to SLOTS topics of CACHED_BYTES_MAX.
 */
export class TopicCache {
  /** Made with the first topic: most subscribers never need it. ASCII alone, so that bytes can be compared with characters. */
  #slots: string[] | null = null;

  /** As decodeTopic. */
  decode(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > CACHED_BYTES_MAX) return decodeTopic(bytes, start, end);
    this.#slots ??= new Array<string>(SLOTS).fill('');
    const slot = slotOf(bytes, start, end);
    const cached = this.#slots[slot] as string;
    if (cached.length === length && length > 0 && isSame(cached, bytes, start)) return cached;
    const topic = decodeTopic(bytes, start, end);
    // As many characters as bytes: ASCII.
    if (topic.length === length) this.#slots[slot] = topic;
    return topic;
  }
}

/** FNV-1a. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}

function isSame(cached: string, bytes: Buffer, start: number): boolean {
  for (let at = 0; at < cached.length; at++) if (cached.charCodeAt(at) !== bytes[start + at]) return false;
  return true;
}
