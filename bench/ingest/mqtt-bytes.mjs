// MQTT 3.1.1 by hand, so that a benchmark spends its time on sockets: packets are prebuilt, and only digits in them change.

export const CONNACK = 0x20;
export const PUBACK = 0x40;
export const SUBACK = 0x90;
const CONNECT = 0x10;
const PUBLISH_QOS1 = 0x32;
const SUBSCRIBE = 0x82;
const TIME_DIGITS = 13;
const VALUE = '1000.5';
const GROUP = 10_000;

/** '0000' to '9999' as bytes: four digits cost one look-up and no division. */
const DIGITS = Buffer.from(Array.from({ length: GROUP }, (_, number) => String(number).padStart(4, '0')).join(''), 'latin1');

const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

export function packet(header, body) {
  const length = [];
  for (let rest = body.length; ; ) {
    const more = rest > 127;
    length.push((rest & 127) | (more ? 128 : 0));
    rest >>= 7;
    if (!more) break;
  }
  return Buffer.concat([Buffer.from([header, ...length]), body]);
}

/** Without a password: nobody in particular, as a broker that lets everybody in takes it. Keep-alive 0: none. */
export function connectPacket(clientId, username, password) {
  const named = password !== undefined;
  const flags = named ? 0b1100_0010 : 0b0000_0010; // user name, password, clean session
  const head = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 0])]);
  return packet(CONNECT, Buffer.concat([head, text(clientId), ...(named ? [text(username), text(password)] : [])]));
}

export function subscribePacket(filter, qos) {
  return packet(SUBSCRIBE, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([qos])]));
}

/**
 * `count` QoS 1 PUBLISH packets, one behind the other in one buffer, with the packet identifiers 1 to `count`: what is due is
 * written to the socket in one piece, however many packets it is.
 * @returns {{bytes: Buffer, packetBytes: number, fill(slot: number, time: number, number: number): void}}
 */
export function publishRing(topic, points, count) {
  const values = points.map((path) => `"${path}":${VALUE}`).join(',');
  const payload = Buffer.from(`{"ts":${'0'.repeat(TIME_DIGITS)},"values":{${values}}}`);
  const one = packet(PUBLISH_QOS1, Buffer.concat([text(topic), Buffer.from([0, 0]), payload]));
  const start = one.length - payload.length;
  const timeAt = start + '{"ts":'.length;
  const valuesAt = [];
  for (let at = payload.indexOf(VALUE); at >= 0; at = payload.indexOf(VALUE, at + VALUE.length)) valuesAt.push(start + at);
  const packetBytes = one.length;
  const bytes = Buffer.alloc(packetBytes * count);
  for (let slot = 0; slot < count; slot += 1) {
    one.copy(bytes, slot * packetBytes);
    bytes.writeUInt16BE(slot + 1, slot * packetBytes + start - 2);
  }
  return {
    bytes,
    packetBytes,
    /** Writes a time of 13 digits, and values from 1000.5 to 9999.5 (JSON takes no leading zeros) that differ from packet to packet. */
    fill(slot, time, number) {
      const at = slot * packetBytes;
      const upper = Math.floor(time / GROUP);
      const middle = Math.floor(upper / GROUP);
      const high = Math.floor(middle / GROUP);
      bytes[at + timeAt] = 48 + high;
      digits(bytes, at + timeAt + 1, middle - high * GROUP);
      digits(bytes, at + timeAt + 5, upper - middle * GROUP);
      digits(bytes, at + timeAt + 9, time - upper * GROUP);
      for (let index = 0; index < valuesAt.length; index += 1) digits(bytes, at + valuesAt[index], 1000 + ((number * 7 + index * 131) % 9000));
    },
  };
}

function digits(bytes, at, number) {
  const from = number * 4;
  bytes[at] = DIGITS[from];
  bytes[at + 1] = DIGITS[from + 1];
  bytes[at + 2] = DIGITS[from + 2];
  bytes[at + 3] = DIGITS[from + 3];
}

/** Calls `onPacket(header, bytes, from, to)` for every whole packet of a stream; the bytes are its own until it returns. */
export function createReader(onPacket) {
  let rest = null;
  return (chunk) => {
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      let length = 0;
      let body = at + 1;
      let complete = false;
      for (let shift = 0; body < bytes.length && shift <= 21; shift += 7) {
        const byte = bytes[body++];
        length += (byte & 127) << shift;
        if (byte < 128) {
          complete = true;
          break;
        }
      }
      if (!complete || bytes.length < body + length) break;
      onPacket(bytes[at], bytes, body, body + length);
      at = body + length;
    }
    // The chunk's memory may be used again for the next one.
    rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  };
}
