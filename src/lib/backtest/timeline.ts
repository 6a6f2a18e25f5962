/** For each part of a range the worst level that was seen in it. */
export interface Timeline {
  /** The level stood from `from` to `to`, half-open. */
  mark(from: number, to: number, level: number): void;
  /** A sign for each part: 0 is normal, then 1 to 9, a to z. */
  text(): string;
}

export function createTimeline(range: { readonly from: number; readonly to: number }, parts: number): Timeline {
  const width = (range.to - range.from) / parts;
  let worst: Uint8Array | null = null;
  return {
    mark(from, to, level) {
      const [begin, end] = [Math.max(from, range.from), Math.min(to, range.to)];
      if (begin >= end) return;
      worst ??= new Uint8Array(parts);
      const first = Math.min(parts - 1, Math.floor((begin - range.from) / width));
      const last = Math.min(parts - 1, Math.max(first, Math.ceil((end - range.from) / width) - 1));
      for (let part = first; part <= last; part += 1) if ((worst[part] ?? 0) < level) worst[part] = level;
    },
    text() {
      return worst === null ? '0'.repeat(parts) : Array.from(worst, (level) => Math.min(level, 35).toString(36)).join('');
    },
  };
}
