// MQTT 3.1.1 by hand, so that the generator spends its time on sockets: packets are prebuilt, and only digits in them change.

const CONNECT = 0x10;
const PUBLISH_QOS1 = 0x32;
const TIME_DIGITS = 13;

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

function packet(header, body) {
  const length = [];
  for (let rest = body.length; ; ) {
    const more = rest > 127;
    length.push((rest & 127) | (more ? 128 : 0));
    rest >>= 7;
    if (!more) break;
  }
  return Buffer.concat([Buffer.from([header, ...length]), body]);
}

export function connectPacket(clientId, username, password) {
  const flags = 0b1100_0010; // user name, password, clean session
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 60])]);
  return packet(CONNECT, Buffer.concat([head, text(clientId), text(username), text(password)]));
}

/** @returns {{bytes: Buffer, timeAt: number, valuesAt: number[]}} a QoS 1 PUBLISH with the places of its digits */
export function publishTemplate(topic, packetId, points) {
  const values = points.map((path) => `"${path}":1000.5`).join(',');
  const payload = Buffer.from(`{"ts":${'0'.repeat(TIME_DIGITS)},"values":{${values}}}`);
  const bytes = packet(PUBLISH_QOS1, Buffer.concat([text(topic), Buffer.from([packetId >> 8, packetId & 255]), payload]));
  const start = bytes.length - payload.length;
  const valuesAt = [];
  for (let at = payload.indexOf('1000.5'); at >= 0; at = payload.indexOf('1000.5', at + 6)) valuesAt.push(start + at);
  return { bytes, timeAt: start + '{"ts":'.length, valuesAt };
}

/** Writes a time of 13 digits and a value between 1000 and 9999 into the packet. */
export function fill({ bytes, timeAt, valuesAt }, time, count) {
  digits(bytes, timeAt, TIME_DIGITS, time);
  for (let index = 0; index < valuesAt.length; index += 1) digits(bytes, valuesAt[index], 4, 1000 + ((count * 7 + index * 131) % 9000));
}

function digits(bytes, at, count, number) {
  let rest = number;
  for (let index = at + count - 1; index >= at; index -= 1) {
    const next = Math.floor(rest / 10);
    bytes[index] = 48 + rest - next * 10;
    rest = next;
  }
}

/** Calls `onPacket(type, body)` for every whole packet of a stream. */
export function createReader(onPacket) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      let length = 0;
      let at = 1;
      let complete = false;
      for (let shift = 0; at < bytes.length && shift <= 21; shift += 7) {
        const byte = bytes[at++];
        length += (byte & 127) << shift;
        if (byte < 128) {
          complete = true;
          break;
        }
      }
      if (!complete || bytes.length < at + length) break;
      onPacket(bytes[0], bytes.subarray(at, at + length));
      bytes = bytes.subarray(at + length);
    }
    rest = bytes;
  };
}
