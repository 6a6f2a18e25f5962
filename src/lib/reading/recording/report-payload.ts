import type { RecordedValue } from './recorded-value.ts';

/**
 * Values of one device as a report: a list of `{"ts", "values"}`, with `"quality"` unless it is good. Neighbours of one time
 * share an object. Written as text, so that a point called `__proto__` is a point like any other.
 */
export function reportPayload(values: readonly RecordedValue[]): string {
  const objects: string[] = [];
  let members: string[] = [];
  let points = new Set<string>();
  let head: RecordedValue | undefined;
  const close = (): void => {
    if (head === undefined) return;
    const quality = head.quality === 'good' ? '' : `,"quality":"${head.quality}"`;
    objects.push(`{"ts":${head.time}${quality},"values":{${members.join(',')}}}`);
  };
  for (const value of values) {
    // The same point twice at one time (a recording may hold it) must stay two values, in order: the last one wins in the hub.
    if (head === undefined || value.time !== head.time || value.quality !== head.quality || points.has(value.point)) {
      close();
      head = value;
      members = [];
      points = new Set();
    }
    points.add(value.point);
    members.push(`${JSON.stringify(value.point)}:${Object.is(value.value, -0) ? '-0' : JSON.stringify(value.value)}`);
  }
  close();
  return `[${objects.join(',')}]`;
}

/** Bytes that a value takes in a report, at most. */
export function payloadBytesOf(value: RecordedValue): number {
  const content = typeof value.value === 'number' ? 25 : typeof value.value === 'boolean' ? 5 : 3 * JSON.stringify(value.value).length;
  return 60 + 3 * value.point.length + content;
}
