import { Counter, Histogram, type Registry } from 'prom-client';

/** Seconds. The aim is 25 ms for half of the acknowledgements and 100 ms for nearly all. */
const LATENCY_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LATENCY_BUCKETS_MS = LATENCY_BUCKETS.map((seconds) => seconds * 1000);

/** What became of the messages of one protocol, in plain numbers: prom-client writes its labels as text for each observation, this adds. */
export class MessageTally {
  messages = 0;
  samples = 0;
  latencySumMs = 0;
  /** Per bucket, not cumulative; the last is of what took longer than all of them. */
  readonly latency = new Float64Array(LATENCY_BUCKETS.length + 1);

  add(elapsedMs: number, samples: number): void {
    this.messages += 1;
    this.samples += samples;
    this.latencySumMs += elapsedMs;
    let bucket = 0;
    while (bucket < LATENCY_BUCKETS_MS.length && elapsedMs > (LATENCY_BUCKETS_MS[bucket] ?? 0)) bucket += 1;
    this.latency[bucket] = (this.latency[bucket] ?? 0) + 1;
  }
}

/** Registers the metrics that show the tallies, read at each scrape. */
export function showTallies(tallies: ReadonlyMap<string, MessageTally>, registers: Registry[]): void {
  const counter = (name: string, help: string, read: (tally: MessageTally) => number) =>
    new Counter({
      name,
      help,
      labelNames: ['protocol'],
      registers,
      collect() {
        this.reset();
        for (const [protocol, tally] of tallies) this.inc({ protocol }, read(tally));
      },
    });
  counter('muster_ingest_messages_total', 'Messages answered by the ingest pipeline', ({ messages }) => messages);
  counter('muster_ingest_samples_total', 'Samples that are on disk', ({ samples }) => samples);
  new AcknowledgeHistogram(tallies, registers);
}

const NAME = 'muster_ingest_acknowledge_seconds';
const HELP = 'From the arrival of a message to its durable commit';

/** A histogram whose values stand elsewhere. */
class AcknowledgeHistogram extends Histogram<'protocol'> {
  readonly #tallies: ReadonlyMap<string, MessageTally>;

  constructor(tallies: ReadonlyMap<string, MessageTally>, registers: Registry[]) {
    super({ name: NAME, help: HELP, labelNames: ['protocol'], buckets: LATENCY_BUCKETS, registers });
    this.#tallies = tallies;
  }

  /** What a registry asks for its text, and `get` for its values; not among the package's types. */
  async getForPromString() {
    return {
      name: NAME,
      help: HELP,
      type: 'histogram',
      aggregator: 'sum',
      values: [...this.#tallies].flatMap(([protocol, tally]) => valuesOf(protocol, tally)),
    };
  }
}

function valuesOf(protocol: string, { latency, latencySumMs, messages }: MessageTally) {
  const sharedLabels = { protocol };
  let below = 0;
  const buckets = [...LATENCY_BUCKETS, '+Inf'].map((le, index) => {
    below += latency[index] ?? 0;
    return { metricName: `${NAME}_bucket`, labels: { le }, sharedLabels, value: below };
  });
  return [
    ...buckets,
    { metricName: `${NAME}_sum`, labels: {}, sharedLabels, value: latencySumMs / 1000 },
    { metricName: `${NAME}_count`, labels: {}, sharedLabels, value: messages },
  ];
}
