const PUBACK = 0x40;
const PUBREC = 0x50;
const CONNACK = 0x20;
const REASON_STRING = 0x1f;
/** Keeps every length below 128, one byte on the wire. */
const REASON_BYTES_MAX = 100;

/**
 * PUBACK (QoS 1) or PUBREC (QoS 2) in bytes. A code other than 0 and a reason are for MQTT 5 alone. Written here rather
 * than by aedes, which knows success and 0x87 and sends them in its own order.
 */
export function acknowledgement(qos: 1 | 2, messageId: number, code = 0, reason: string | null = null): Buffer {
  const type = qos === 1 ? PUBACK : PUBREC;
  if (code === 0) return Buffer.from([type, 2, messageId >> 8, messageId & 0xff]);
  const properties = reason === null ? [] : reasonProperties(reason);
  return Buffer.from([type, 3 + properties.length, messageId >> 8, messageId & 0xff, code, ...properties]);
}

/** CONNACK of MQTT 5 that refuses, for the codes that aedes cannot say. */
export function connectRefusal(code: number, reason: string): Buffer {
  const properties = reasonProperties(reason);
  return Buffer.from([CONNACK, 2 + properties.length, 0, code, ...properties]);
}

function reasonProperties(reason: string): readonly number[] {
  let text = Buffer.from(reason, 'utf8');
  // toString leaves a replacement character where the cut went through one; three bytes at most.
  if (text.length > REASON_BYTES_MAX) text = Buffer.from(text.subarray(0, REASON_BYTES_MAX - 3).toString('utf8'), 'utf8');
  return [text.length + 3, REASON_STRING, text.length >> 8, text.length & 0xff, ...text];
}
