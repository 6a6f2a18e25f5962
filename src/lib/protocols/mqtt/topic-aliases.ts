import { aliasPublish } from './codec/alias-publish.ts';

/** The topic aliases of one connection towards its client: the first topics that it is sent get one each, the others none. */
export class TopicAliases {
  readonly #max: number;
  readonly #aliases = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
  }

  /** What is to be sent for this encoded PUBLISH, which is never larger than `bytesMax`. */
  apply(topic: string, encoded: Buffer, bytesMax: number): Buffer {
    const known = this.#aliases.get(topic);
    if (known !== undefined) return smaller(aliasPublish(encoded, known, true), encoded);
    if (this.#aliases.size >= this.#max) return encoded;
    const alias = this.#aliases.size + 1;
    const bytes = aliasPublish(encoded, alias, false);
    if (bytes.length > bytesMax) return encoded;
    this.#aliases.set(topic, alias);
    return bytes;
  }
}

/** An alias takes three bytes: as many as a very short topic. */
function smaller(one: Buffer, other: Buffer): Buffer {
  return one.length <= other.length ? one : other;
}
