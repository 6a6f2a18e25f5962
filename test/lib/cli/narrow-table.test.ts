import { array, assert, constantFrom, integer, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import type { Device, Reject } from '../../../src/lib/api/schema/fleet.ts';
import type { Column } from '../../../src/lib/cli/column.ts';
import { DEVICE_COLUMNS, REJECT_COLUMNS } from '../../../src/lib/cli/device-columns.ts';
import { fitWidths } from '../../../src/lib/cli/narrow-table.ts';
import { printRows } from '../../../src/lib/cli/output.ts';
import { textWidth, wrapText } from '../../../src/lib/cli/text-width.ts';

async function table<Row>(
  rows: readonly Row[],
  all: readonly Column<Row>[],
  width: number | null,
  columns: readonly string[] | null = null,
): Promise<string[]> {
  let text = '';
  const write = async (piece: string): Promise<void> => {
    text += piece;
  };
  await printRows(rows, all, { format: 'table', columns, sort: null, limit: null, style: { width, colour: false }, write });
  return text.trimEnd().split('\n');
}

const MORE = '(more with a wider terminal, --columns or --output json)';

function device(number: number): Device {
  const id = `muster-simulation-gateway-${number}`;
  return {
    id,
    name: id,
    kind: 'gateway',
    type: null,
    parent: null,
    state: 'enabled',
    points: 12,
    labels: { site: 'paris', line: 'packaging' },
    aliases: {},
    status: { online: true, lastSeenAt: 1_763_785_200_000, connectedAt: null, lastAddress: null, protocol: null },
    counters: { accepted: 0, rejected: 0, refused: 0 },
    rate: { messagesPerSecond: 0, pointsPerSecond: 0, messagesPerSecondMax: null, pointsPerSecondMax: null, limited: 0, limitedAt: null },
    createdAt: 0,
    updatedAt: 0,
  } as unknown as Device;
}

test('a narrow list keeps ids and times whole, and leaves out what matters least', async () => {
  for (const width of [60, 80]) {
    const lines = await table([1, 2, 3].map(device), DEVICE_COLUMNS, width);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(lines[2]).toMatch(/^muster-simulation-gateway-2 .*2025-11-22T04:20:00\.000Z/);
    expect(lines[0]).not.toContain('LABELS');
    expect(lines.at(-1)).toBe(MORE);
  }
});

test('nothing is left out where there is room, in a pipe, or when columns are named', async () => {
  const rows = [device(1)];
  for (const width of [200, null]) expect((await table(rows, DEVICE_COLUMNS, width))[0]).toMatch(/^ID +NAME +KIND .*LABELS$/);
  const named = await table(rows, DEVICE_COLUMNS, 60, ['id', 'name', 'labels', 'points']);
  expect(named[0]).toMatch(/^ID +NAME +LABELS +POINTS$/);
  expect(named).not.toContain(MORE);
});

test('of the columns without a rank, those go first that say nothing', async () => {
  const columns: Column<Record<string, string>>[] = ['id', 'empty', 'same', 'text', 'right'].map((name) => ({ name, value: (row) => row[name] }));
  const [heading] = await table([{ id: 'x'.repeat(20), empty: '', same: 'x'.repeat(20), text: 'some text', right: 'more text' }], columns, 44);
  expect(heading).toMatch(/^ID +TEXT +RIGHT$/);
});

test('the reason of a rejected message is readable whole, below itself', async () => {
  const reason = 'authorization: the device gw-1 may not publish to devices/other/report, and no such device is behind it';
  const row = {
    time: 1_763_785_200_000,
    device: 'gw-1',
    code: 'not_allowed',
    step: 'authorize',
    point: null,
    reason,
    protocol: 'mqtt',
    payloadBytes: 13,
    payloadHead: '{"power": 12}',
  };
  for (const width of [60, 80]) {
    const lines = await table([row as unknown as Reject], REJECT_COLUMNS, width);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(width);
    const at = lines[0]?.indexOf('REASON') ?? -1;
    const end = lines.indexOf(MORE);
    const shown = lines.slice(1, end).map((line) => line.slice(at).split('  ')[0]);
    // A word that is longer than the column is broken.
    expect(shown.join('').replaceAll(' ', '')).toBe(reason.replaceAll(' ', ''));
    expect(lines[1]).toMatch(/^2025-11-22T04:20:00\.000Z .*not_allowed/);
  }
});

test('a line of a table fits, as long as four cells for each column and twenty for the first do', () => {
  assert(
    property(array(integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 12 }), integer({ min: 40, max: 300 }), (natural, available) => {
      const columns = natural.map((_, index) => ({ name: `c${index}`, wrap: index % 3 === 2 }));
      const widths = fitWidths(natural, columns, available);
      const least = natural.reduce((sum, width, index) => sum + Math.min(width, index === 0 ? 20 : 4), 0) + 2 * (natural.length - 1);
      expect(widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1)).toBeLessThanOrEqual(Math.max(available, least));
      for (const [index, width] of widths.entries()) expect(width).toBeLessThanOrEqual(natural[index] ?? 0);
    }),
  );
});

test('wrapped text fits its width and loses nothing but spaces', () => {
  assert(
    property(string({ unit: constantFrom('a', 'b', ' ', '-', '温'), maxLength: 60 }), integer({ min: 2, max: 30 }), (text, width) => {
      const lines = wrapText(text, width);
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    }),
  );
  expect(wrapText('take the hub and run it', 8)).toEqual(['take the', 'hub and', 'run it']);
});
