import { uuidv7 } from 'uuidv7';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { Statement } from '../storage/commit-log.ts';
import type { RejectRecord, SystemStore } from '../storage/system/system-store.ts';
import type { Batch } from './batch.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { Rejection } from './ingest.ts';

/** Remembers what was not taken, and why, within limits: a broken device must not fill the disk or slow the others. */
export interface RejectJournal {
  /** Rows for what a batch refused. Counts all of it, writes as much as the limits allow. */
  statements(batch: Batch): Statement[];
  /** A message that never became a batch, such as a publish to another device's topic. The adapter has counted it. */
  refused(device: DeviceEntry, message: RejectedMessage, rejection: Rejection): Statement[];
}

/** What is kept of a message: `payload` may be its head alone, of a whole of `payloadBytes`. */
export type RejectedMessage = Pick<InboundMessage, 'protocol' | 'address' | 'topic' | 'payload' | 'receivedAt'> & { readonly payloadBytes: number };

/** Of one message; the others are in the answer to an HTTP report. */
const ROWS_PER_MESSAGE = 10;
const ROWS_PER_DEVICE_AND_SECOND = 20;
const HEAD_BYTES = 200;
/** Old rows go after so many new ones. */
const TRIM_EVERY = 500;

export function createRejectJournal(rejects: SystemStore['rejects'], keep: number): RejectJournal {
  let second = 0;
  let sinceTrim = 0;
  const written = new Map<DeviceEntry, number>();

  return {
    statements(batch) {
      if (batch.rejectedCount === 0) return [];
      batch.device.rejected += batch.rejectedCount;
      const { protocol, address, topic, payload, receivedAt } = batch.message;
      return rows(batch.device, { protocol, address, topic, payload, receivedAt, payloadBytes: payload.length }, batch.rejections);
    },
    refused: (device, message, rejection) => rows(device, message, [rejection]),
  };

  function rows(device: DeviceEntry, message: RejectedMessage, rejections: readonly Rejection[]): Statement[] {
    const now = Math.floor(message.receivedAt / 1000);
    if (now !== second) {
      second = now;
      written.clear();
    }
    const used = written.get(device) ?? 0;
    const room = Math.min(ROWS_PER_MESSAGE, ROWS_PER_DEVICE_AND_SECOND - used, rejections.length);
    if (room <= 0) return [];
    written.set(device, used + room);
    sinceTrim += room;
    const inserts = rejections.slice(0, room).map((rejection) => rejects.insert(record(device, message, rejection)));
    if (sinceTrim < TRIM_EVERY) return inserts;
    sinceTrim = 0;
    return [...inserts, ...rejects.trim(keep)];
  }
}

function record(device: DeviceEntry, message: RejectedMessage, rejection: Rejection): RejectRecord {
  return {
    id: uuidv7(),
    project: device.device.project,
    device: device.device.id,
    time: message.receivedAt,
    code: rejection.code,
    step: rejection.step,
    reason: rejection.reason,
    point: rejection.point,
    protocol: message.protocol,
    address: message.address,
    topic: message.topic,
    payloadBytes: message.payloadBytes,
    payloadHead: headOf(message.payload),
  };
}

/** The first bytes as text when they are text, else as hex behind `0x`. */
export function headOf(payload: Uint8Array): string {
  const head = payload.subarray(0, HEAD_BYTES);
  // A character may be cut at the end of the head; that alone does not make it binary.
  const text = new TextDecoder('utf-8').decode(head).replace(/\uFFFD$/, '');
  return text.includes('\uFFFD') || head.some(isControl) ? `0x${Buffer.from(head.subarray(0, HEAD_BYTES / 2)).toString('hex')}` : text;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN) || byte === 0x7f;
}
