import type { Quality } from '../domain/point.ts';
import type { SampleValue } from '../domain/value.ts';
import type { PointEntry } from '../fleet/directory.ts';
import { flagsOf, LATE_FLAG, qualityOf, type SampleColumns, TAG, tagOf } from '../storage/sample-columns.ts';
import type { ResolvedSample } from './batch.ts';

/**
 * The samples of one group commit, for what happens to them once they are on disk. They are read one by one from columns: thousands of
 * objects that live until the disk has answered would cost more, in garbage collection, than anything that is done to them.
 */
export interface CommittedSamples {
  readonly count: number;
  entry(index: number): PointEntry;
  time(index: number): number;
  value(index: number): SampleValue;
  quality(index: number): Quality;
  late(index: number): boolean;
}

/** Gathers the samples of many messages as columns, for one group commit. */
export class SampleBuilder implements CommittedSamples {
  #capacity: number;
  #count = 0;
  readonly #entries: PointEntry[] = [];
  #series: Float64Array<ArrayBuffer>;
  #time: Float64Array<ArrayBuffer>;
  #number: Float64Array<ArrayBuffer>;
  #tag: Uint8Array<ArrayBuffer>;
  #flags: Uint8Array<ArrayBuffer>;
  #text: [number, string][] = [];
  /** What is neither a number nor a boolean. */
  readonly #others = new Map<number, SampleValue>();

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#series = new Float64Array(capacity);
    this.#time = new Float64Array(capacity);
    this.#number = new Float64Array(capacity);
    this.#tag = new Uint8Array(capacity);
    this.#flags = new Uint8Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(samples: readonly ResolvedSample[]): void {
    while (this.#count + samples.length > this.#capacity) this.#grow();
    for (const { entry, time, value, quality, late } of samples) {
      const index = this.#count;
      const tag = tagOf(value);
      this.#entries.push(entry);
      this.#series[index] = entry.point.series;
      this.#time[index] = time;
      this.#tag[index] = tag;
      this.#flags[index] = flagsOf(quality, late);
      if (tag === TAG.number || tag === TAG.boolean) this.#number[index] = Number(value);
      else {
        this.#others.set(index, value);
        this.#text.push([index, tag === TAG.string ? (value as string) : JSON.stringify(value)]);
      }
      this.#count += 1;
    }
  }

  entry(index: number): PointEntry {
    const entry = this.#entries[index];
    if (entry === undefined) throw new RangeError(`there is no sample ${index}`);
    return entry;
  }

  time(index: number): number {
    return this.#time[index] ?? 0;
  }

  value(index: number): SampleValue {
    const tag = this.#tag[index];
    if (tag === TAG.number) return this.#number[index] ?? 0;
    if (tag === TAG.boolean) return this.#number[index] !== 0;
    return this.#others.get(index) ?? null;
  }

  quality(index: number): Quality {
    return qualityOf(this.#flags[index] ?? 0);
  }

  late(index: number): boolean {
    return ((this.#flags[index] ?? 0) & LATE_FLAG) !== 0;
  }

  /** The columns so far, in buffers of their own that may be transferred. */
  columns(): SampleColumns {
    const end = this.#count;
    return {
      count: end,
      series: this.#series.slice(0, end),
      time: this.#time.slice(0, end),
      number: this.#number.slice(0, end),
      tag: this.#tag.slice(0, end),
      flags: this.#flags.slice(0, end),
      text: this.#text,
    };
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#series = grown(this.#series, new Float64Array(this.#capacity));
    this.#time = grown(this.#time, new Float64Array(this.#capacity));
    this.#number = grown(this.#number, new Float64Array(this.#capacity));
    this.#tag = grown(this.#tag, new Uint8Array(this.#capacity));
    this.#flags = grown(this.#flags, new Uint8Array(this.#capacity));
  }
}

function grown<Column extends Float64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(old: Column, larger: Column): Column {
  larger.set(old);
  return larger;
}
