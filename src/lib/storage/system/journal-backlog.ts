/** Deleting frees a row's pages one by one: so much at once does not hold up a group. */
const DELETE_BYTES_MAX = 32 * 1024 * 1024;
/** Applied entries of so many bytes are worth a commit of their own when no other comes. */
const DELETE_BYTES_DUE = 8 * 1024 * 1024;

/** They are read at every start. */
const KEPT_ENTRIES_MAX = 50_000;

/** Which journal entries exist and how much of them still waits for the sample store. */
export interface JournalBacklog {
  add(id: number, bytes: number): void;
  applied(id: number): void;
  /** It was set aside: nobody will apply or delete it. */
  remove(id: number): void;
  /** Bytes that are not yet applied. */
  readonly bytes: number;
  readonly deletionIsDue: boolean;
  /** The newest entry that the next group deletes, 0 for none. Each is given once, unless `keepDeletable` follows. */
  takeDeletable(): number;
  /** The group failed: what it was to delete is still there. */
  keepDeletable(): void;
}

interface Entry {
  readonly id: number;
  readonly bytes: number;
}

/** `keptBytes`: so much of what is applied stays, the newest of it, for a sample store that has to be built again. */
export function createJournalBacklog(keptBytes = 0): JournalBacklog {
  let unapplied: Entry[] = [];
  let kept: Entry[] = [];
  let keptNow = 0;
  let deletable: Entry[] = [];
  let taken: Entry[] = [];
  let bytes = 0;
  let deletableBytes = 0;
  function release(): void {
    let count = 0;
    while (count < kept.length && (keptNow > keptBytes || kept.length - count > KEPT_ENTRIES_MAX)) {
      const entry = kept[count++];
      if (entry === undefined) break;
      keptNow -= entry.bytes;
      deletableBytes += entry.bytes;
      deletable.push(entry);
    }
    if (count > 0) kept = kept.slice(count);
  }

  return {
    add(id, entryBytes) {
      unapplied.push({ id, bytes: entryBytes });
      bytes += entryBytes;
    },
    applied(id) {
      const firstLeft = unapplied.findIndex((entry) => entry.id > id);
      const done = firstLeft === -1 ? unapplied : unapplied.slice(0, firstLeft);
      unapplied = firstLeft === -1 ? [] : unapplied.slice(firstLeft);
      for (const entry of done) {
        bytes -= entry.bytes;
        keptNow += entry.bytes;
        kept.push(entry);
      }
      release();
    },
    remove(id) {
      const other = (entry: Entry) => entry.id !== id;
      bytes -= unapplied.find((entry) => entry.id === id)?.bytes ?? 0;
      unapplied = unapplied.filter(other);
      // One that is applied may be found damaged when the sample store is built again.
      keptNow -= kept.find((entry) => entry.id === id)?.bytes ?? 0;
      kept = kept.filter(other);
    },
    get bytes() {
      return bytes;
    },
    get deletionIsDue() {
      return deletableBytes >= DELETE_BYTES_DUE;
    },
    takeDeletable() {
      let count = 0;
      let takenBytes = 0;
      for (const entry of deletable) {
        if (count > 0 && takenBytes + entry.bytes > DELETE_BYTES_MAX) break;
        takenBytes += entry.bytes;
        count++;
      }
      taken = deletable.slice(0, count);
      deletable = deletable.slice(count);
      deletableBytes -= takenBytes;
      return taken.at(-1)?.id ?? 0;
    },
    keepDeletable() {
      deletable = [...taken, ...deletable];
      for (const entry of taken) deletableBytes += entry.bytes;
      taken = [];
    },
  };
}
