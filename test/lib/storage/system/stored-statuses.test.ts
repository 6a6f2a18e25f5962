import { expect, test } from 'vitest';
import type { DeviceId } from '../../../../src/lib/domain/ids.ts';
import { storedStatuses } from '../../../../src/lib/storage/system/stored-statuses.ts';

const line = (id: string, at: number) => JSON.stringify([id, 1, 1, at, '["x",]', 'mqtt']);

test.each([0, 1, 2, 3, 50])('each of %i stored statuses is found, and given once, in whatever order', (count) => {
  const ids = Array.from({ length: count }, (_, at) => `d-${String(at).padStart(3, '0')}` as DeviceId);
  const statuses = storedStatuses(ids.map((id, at) => line(id, at)).join('\n'));
  expect(['', 'a', 'd-0005', 'z'].map((id) => statuses.take(id as DeviceId))).toEqual([null, null, null, null]);
  const mixed = ids.map((id, at) => ({ id, at, order: (at * 7) % 11 })).sort((one, other) => one.order - other.order);
  for (const { id, at } of mixed) {
    expect(statuses.take(id)).toEqual({ online: true, connectedAt: 1, lastSeenAt: at, lastAddress: '["x",]', protocol: 'mqtt' });
    expect(statuses.take(id)).toBeNull();
  }
});

test('a line that is no JSON is said to be damage', () => {
  expect(() => storedStatuses('["a",1,}').take('a' as DeviceId)).toThrow(/damaged/);
});
