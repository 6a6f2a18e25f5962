import { flagsOf, type SampleColumns, TAG, tagOf } from '../storage/sample-columns.ts';
import type { ResolvedSample } from './batch.ts';

/** Gathers the samples of many messages as columns, for one group commit. */
export class SampleBuilder {
  #capacity: number;
  #count = 0;
  #series: Float64Array<ArrayBuffer>;
  #time: Float64Array<ArrayBuffer>;
  #number: Float64Array<ArrayBuffer>;
  #tag: Uint8Array<ArrayBuffer>;
  #flags: Uint8Array<ArrayBuffer>;
  #text: [number, string][] = [];

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
    for (const sample of samples) {
      const index = this.#count;
      const tag = tagOf(sample.value);
      this.#series[index] = sample.entry.point.series;
      this.#time[index] = sample.time;
      this.#tag[index] = tag;
      this.#flags[index] = flagsOf(sample.quality, sample.late);
      if (tag === TAG.number || tag === TAG.boolean) this.#number[index] = Number(sample.value);
      else this.#text.push([index, tag === TAG.string ? (sample.value as string) : JSON.stringify(sample.value)]);
      this.#count += 1;
    }
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
