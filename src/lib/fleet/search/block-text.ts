import type { Device } from '../../domain/device.ts';
import type { DeviceEntry } from '../directory.ts';
import { folded, isAscii } from './folded.ts';

/** The texts of a block of devices, one behind the other: a word is looked for in all of them by one call of the platform. */
export interface BlockText {
  /** Leaves 1 in `mask` for devices that have all the words, and 0 for the others. Words are UTF-8, folded. */
  narrow(words: readonly Buffer[], mask: Uint8Array): void;
  readonly bytes: number;
}

/** What is looked in: id, name, aliases as `imei:490154203237518`, labels as `site=paris`, type, and the groups that it was put into. */
export function textOf(device: Device): string {
  let text = device.name === device.id ? device.id : `${device.id}\t${device.name}`;
  for (const kind in device.aliases) text += `\t${kind}:${device.aliases[kind as keyof Device['aliases']]}`;
  for (const name in device.labels) text += `\t${name}=${device.labels[name]}`;
  if (device.type !== null) text += `\t${device.type}`;
  // The path of a group has those above it in it.
  for (const group of device.groups) text += `\t${group}`;
  return text;
}

export function createBlockText(entries: readonly DeviceEntry[]): BlockText {
  const { buffer, starts } = joined(entries.map(({ device }) => textOf(device)));
  return {
    bytes: buffer.length,
    narrow(words, mask) {
      const [first, ...others] = words;
      if (first === undefined) return;
      let place = 0;
      let from = 0;
      while (place < entries.length) {
        const hit: number = buffer.indexOf(first, from);
        const owner = hit < 0 ? entries.length : ownerOf(hit, place);
        mask.fill(0, place, owner);
        if (owner === entries.length) return;
        from = starts[owner + 1] ?? buffer.length;
        if (mask[owner] === 1 && others.length > 0) {
          const own = buffer.subarray(starts[owner], from);
          if (!others.every((word) => own.includes(word))) mask[owner] = 0;
        }
        place = owner + 1;
      }
    },
  };

  function ownerOf(position: number, from: number): number {
    let low = from;
    let high = entries.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** One behind the other, folded, with a line end behind each. */
function joined(texts: readonly string[]): { readonly buffer: Buffer; readonly starts: Uint32Array } {
  const starts = new Uint32Array(texts.length + 1);
  const whole = texts.join('\n');
  // Most are plain: then all are folded as one, and each is as long as it was.
  const parts = isAscii(whole) ? null : texts.map(folded);
  let at = 0;
  for (const [place, text] of texts.entries()) {
    starts[place] = at;
    at += (parts === null ? text.length : Buffer.byteLength(parts[place] ?? '')) + 1;
  }
  starts[texts.length] = at;
  return { buffer: Buffer.from(parts === null ? `${folded(whole)}\n` : `${parts.join('\n')}\n`, parts === null ? 'latin1' : 'utf8'), starts };
}
