import { describe, expect, it } from 'vitest';
import { createBoard, valueText } from '../../../src/lib/simulation/demo/board.ts';
import { BUNDLED_RECORDINGS } from '../../../src/lib/simulation/demo/recordings.ts';
import { sparkline } from '../../../src/lib/simulation/demo/sparkline.ts';

describe('a sparkline', () => {
  it('goes from the least to the greatest and leaves gaps open', () => {
    expect(sparkline([0, 1, null, 7])).toBe('▁▂ █');
  });

  it('draws a value that does not move in the middle, and nothing from nothing', () => {
    expect(sparkline([5, 5])).toBe('▄▄');
    expect(sparkline([null, null])).toBe('  ');
    expect(sparkline([])).toBe('');
  });
});

describe('the board of the demonstration', () => {
  const sample = (device: string, point: string, time: number, value: unknown) => ({ device, point, time, value, quality: 'good' as const, late: false });

  it('shows the newest value by its own time, and the shape of the recording over its whole span', () => {
    const board = createBoard(BUNDLED_RECORDINGS, 4);
    board.setSpan(1000, 5000);
    board.apply({
      type: 'samples',
      samples: [
        sample('office', 'air/temperature', 1000, 70),
        sample('office', 'air/temperature', 1500, 72),
        sample('office', 'air/temperature', 5000, 60),
        sample('office', 'air/temperature', 4000, 62),
        sample('office', 'unknown', 4000, 1),
        sample('office', 'air/temperature', 4000, 'not a number'),
      ],
    });
    expect(board.points().find(({ device }) => device === 'office')).toMatchObject({ latest: 60, received: 4, shape: [71, null, null, 61] });
    expect(board.points().filter(({ received }) => received > 0)).toHaveLength(1);
  });

  it('counts what the stream left out', () => {
    const board = createBoard(BUNDLED_RECORDINGS, 4);
    board.apply({ type: 'gap', dropped: 7, from: 1, to: 2 });
    expect(board.missed).toBe(7);
  });

  it('writes values with their decimals and unit', () => {
    expect(valueText({ latest: 71.456, decimals: 1, unit: '°F' })).toBe('71.5 °F');
    expect(valueText({ latest: null, decimals: 1, unit: '°F' })).toBe('-');
  });
});
