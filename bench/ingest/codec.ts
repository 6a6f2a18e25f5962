// Decoding of QoS 1 PUBLISH streams, ours against mqtt-packet's, in one process and in turns: packets per second.
// Run: npx esbuild bench/ingest/codec.ts --bundle --platform=node --format=esm --packages=external --outfile=dist/bench-codec.js && node dist/bench-codec.js
import mqtt, { type IConnectPacket } from 'mqtt-packet';
import { PacketDecoder } from '../../src/lib/protocols/mqtt/codec/decoder.ts';

const ROUNDS = 7;
const ROUND_MS = 400;
const CHUNK_BYTES = 65_536;
const PAYLOADS = [50, 150, 250];
const USER_PROPERTIES = { contentType: 'application/json', userProperties: { trace: 'a-b-c' } };

type Version = 4 | 5;
interface Stream {
  readonly name: string;
  readonly version: Version;
  readonly connect: Buffer;
  readonly chunk: Buffer;
  readonly packets: number;
}

function streamOf(version: Version, payloadBytes: number, devices: number, properties?: typeof USER_PROPERTIES): Stream {
  const packet: IConnectPacket = { cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, clientId: 'bench', keepalive: 60 };
  const packets: Buffer[] = [];
  for (let bytes = 0, index = 0; bytes < CHUNK_BYTES; index += 1) {
    const publish = mqtt.generate(
      {
        cmd: 'publish',
        topic: `devices/device-${index % devices}/report`,
        payload: Buffer.alloc(payloadBytes, 'x'),
        qos: 1,
        messageId: (index % 65_535) + 1,
        dup: false,
        retain: false,
        ...(properties === undefined ? {} : { properties }),
      },
      { protocolVersion: version },
    );
    packets.push(publish);
    bytes += publish.length;
  }
  // It ends within a packet, as what a socket gives mostly does; the rest follows with the next turn.
  const name = `MQTT ${version}, ${payloadBytes} bytes, ${devices} topic${devices > 1 ? 's' : ''}${properties === undefined ? '' : ', properties'}`;
  return { name, version, connect: mqtt.generate(packet), chunk: Buffer.concat(packets), packets: packets.length };
}

/** Feeds the stream in two uneven pieces until time is over, and gives packets per second. */
function rate({ chunk, packets }: Stream, feed: (bytes: Buffer) => number): number {
  const cut = chunk.length - 77;
  const pieces = [chunk.subarray(0, cut), chunk.subarray(cut)];
  const start = performance.now();
  let count = 0;
  let ms = 0;
  while (ms < ROUND_MS) {
    let seen = 0;
    for (const piece of pieces) seen += feed(piece);
    if (seen !== packets) throw new Error(`${seen} of ${packets} packets`);
    count += seen;
    ms = performance.now() - start;
  }
  return (count / ms) * 1_000;
}

function ours(stream: Stream): (bytes: Buffer) => number {
  const decoder = new PacketDecoder({ packetBytesMax: 1_000_000, connectBytesMax: 1_000_000, topicAliasMax: 0 });
  const feed = (bytes: Buffer): number => {
    decoder.push(bytes);
    let seen = 0;
    for (let packet = decoder.next(); packet !== null; packet = decoder.next()) seen += 1;
    return seen;
  };
  feed(stream.connect);
  return feed;
}

function theirs(stream: Stream): (bytes: Buffer) => number {
  const parser = mqtt.parser({ protocolVersion: stream.version });
  let seen = 0;
  parser.on('packet', () => {
    seen += 1;
  });
  parser.parse(stream.connect);
  return (bytes) => {
    seen = 0;
    parser.parse(bytes);
    return seen;
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const streams = [
  ...PAYLOADS.flatMap((payload) => ([4, 5] as const).map((version) => streamOf(version, payload, 1))),
  streamOf(4, 150, 30),
  streamOf(4, 150, 300),
  streamOf(5, 150, 1, USER_PROPERTIES),
];
for (const stream of streams) {
  const [own, other] = [ours(stream), theirs(stream)];
  const rates: { own: number[]; other: number[] } = { own: [], other: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.own.push(rate(stream, own));
    rates.other.push(rate(stream, other));
  }
  const [a, b] = [median(rates.own), median(rates.other)];
  process.stdout.write(
    `${stream.name.padEnd(42)} ${Math.round(a).toLocaleString('en')}/s, mqtt-packet ${Math.round(b).toLocaleString('en')}/s: ${(a / b).toFixed(1)} times\n`,
  );
}
