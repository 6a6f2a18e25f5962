import { type ChangeRecord, changeRecords, KIND, keyOf, messageOfDelivery } from './change-codec.ts';

/** A change that is in the change log and not yet in the tables. */
export interface PendingChange {
  readonly bytes: Buffer;
  readonly record: ChangeRecord;
  readonly logId: number;
  /** Of deliveries and messages: nothing of it has reached the tables, so that its removal leaves nothing to do. */
  readonly fresh: boolean;
}

/** What has to be written into the tables before the change log may be shortened. */
export interface DueChanges {
  readonly changes: readonly (readonly [key: string, change: PendingChange])[];
  /** Rows of the change log up to this one may go then, 0 for none. */
  readonly deleteUpTo: number;
}

/**
 * The newest broker changes, which lie on disk as a log, one row for each group commit. A change that a later one takes the place
 * of is forgotten here and never reaches the tables: most messages are acknowledged soon after they were queued. When the log
 * outgrows its limit, what is left of its oldest rows goes into the tables.
 */
export class ChangeWindow {
  readonly #bytesMax: number;
  /** Message keys up to this one may be in the tables. */
  #knownMessages: number;
  /** In the order of the newest change of each thing. */
  readonly #pending = new Map<string, PendingChange>();
  #rows: { readonly id: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(bytesMax: number, knownMessages: number) {
    this.#bytesMax = bytesMax;
    this.#knownMessages = knownMessages;
  }

  /** Changes that wait for the tables. */
  get size(): number {
    return this.#pending.size;
  }

  /** A row of the log that is on disk. Returns the number of its changes. Throws when it is malformed. */
  add(logId: number, bytes: Buffer): number {
    let count = 0;
    for (const record of changeRecords(bytes)) {
      this.#change(bytes, record, logId);
      count += 1;
    }
    this.#rows.push({ id: logId, bytes: bytes.length });
    this.#bytes += bytes.length;
    return count;
  }

  /** What must leave so that the log is within its limit. Ask `written` once it is on disk. */
  due(): DueChanges {
    let bytes = this.#bytes;
    let deleteUpTo = 0;
    for (const row of this.#rows) {
      if (bytes <= this.#bytesMax) break;
      bytes -= row.bytes;
      deleteUpTo = row.id;
    }
    return this.#upTo(deleteUpTo);
  }

  all(): DueChanges {
    return this.#upTo(this.#rows.at(-1)?.id ?? 0);
  }

  written({ changes, deleteUpTo }: DueChanges): void {
    for (const [key, change] of changes) {
      if (this.#pending.get(key) === change) this.#pending.delete(key);
      const { bytes, record } = change;
      if (record.kind === KIND['put-message']) this.#knownMessages = Math.max(this.#knownMessages, bytes.readDoubleLE(record.bodyStart));
    }
    const kept = this.#rows.findIndex(({ id }) => id > deleteUpTo);
    const gone = kept === -1 ? this.#rows.splice(0) : this.#rows.splice(0, kept);
    for (const row of gone) this.#bytes -= row.bytes;
  }

  #upTo(deleteUpTo: number): DueChanges {
    const changes: [string, PendingChange][] = [];
    if (deleteUpTo === 0) return { changes, deleteUpTo };
    for (const entry of this.#pending) {
      if (entry[1].logId > deleteUpTo) break;
      changes.push(entry);
    }
    return { changes, deleteUpTo };
  }

  #change(bytes: Buffer, record: ChangeRecord, logId: number): void {
    const key = familyOf(record.kind) + keyOf(bytes, record);
    const before = this.#pending.get(key);
    // What is changed again goes to the end: the order of the map is the order of the newest changes.
    if (before !== undefined) this.#pending.delete(key);
    switch (record.kind) {
      case KIND['put-message']:
        this.#pending.set(key, { bytes, record, logId, fresh: before?.fresh ?? bytes.readDoubleLE(record.bodyStart) > this.#knownMessages });
        return;
      case KIND['put-delivery']:
        this.#pending.set(key, { bytes, record, logId, fresh: before?.fresh ?? this.#isFresh(messageOfDelivery(bytes, record)) });
        return;
      case KIND['remove-message']:
      case KIND['remove-delivery']:
        // It was put since the last row that may leave the log, so both go together, and a replay makes nothing of them.
        if (before?.fresh !== true) this.#pending.set(key, { bytes, record, logId, fresh: false });
        return;
      default:
        this.#pending.set(key, { bytes, record, logId, fresh: false });
    }
  }

  /** A message is older than its deliveries: while it waits, they do. */
  #isFresh(message: number): boolean {
    KEY.writeDoubleLE(message);
    return this.#pending.get(familyOf(KIND['put-message']) + KEY.toString('latin1'))?.fresh === true;
  }
}

const KEY = Buffer.alloc(8);

/**
 * Put and remove of the same thing share a place, but for sessions: if one came again under the same key, its removal
 * would still have to take along what had been its own.
 */
function familyOf(kind: number): string {
  return FAMILIES[kind] ?? '';
}

const FAMILIES = Array.from({ length: 14 }, (_, kind) => (kind === KIND['remove-session'] ? 'x' : String.fromCharCode(97 + (kind >> 1))));
