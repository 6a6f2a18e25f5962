import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTimeText } from '../../../src/lib/exports/time-text.ts';

describe('times of an export', () => {
  it('has three digits of a second and Z in UTC', () => {
    const text = createTimeText('iso', 'UTC');
    expect(text(Date.UTC(2026, 0, 31, 23, 59, 59, 7))).toBe('2026-01-31T23:59:59.007Z');
    expect(text(-1)).toBe('1969-12-31T23:59:59.999Z');
    expect(createTimeText('iso', 'Etc/UTC')(0)).toBe('1970-01-01T00:00:00.000Z');
  });

  it('has the offset of the zone at that moment, through both changes of the clocks', () => {
    const text = createTimeText('iso', 'Europe/Berlin');
    const spring = Date.UTC(2026, 2, 29, 1);
    expect(text(spring - 1)).toBe('2026-03-29T01:59:59.999+01:00');
    expect(text(spring)).toBe('2026-03-29T03:00:00.000+02:00');
    const autumn = Date.UTC(2026, 9, 25, 1);
    expect(text(autumn - 1)).toBe('2026-10-25T02:59:59.999+02:00');
    expect(text(autumn)).toBe('2026-10-25T02:00:00.000+01:00');
  });

  it('knows zones with parts of an hour, and one that changes inside of an hour of UTC', () => {
    expect(createTimeText('iso', 'Asia/Kolkata')(0)).toBe('1970-01-01T05:30:00.000+05:30');
    expect(createTimeText('iso', 'America/St_Johns')(Date.UTC(2026, 0, 1))).toBe('2025-12-31T20:30:00.000-03:30');
    const lordHowe = createTimeText('iso', 'Australia/Lord_Howe');
    const change = Date.UTC(2026, 9, 3, 15, 30);
    expect(lordHowe(change - 1)).toBe('2026-10-04T01:59:59.999+10:30');
    expect(lordHowe(change)).toBe('2026-10-04T02:30:00.000+11:00');
  });

  it('is the same moment in every zone', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Europe/London', 'Africa/Monrovia', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/New_York', 'Pacific/Apia'];
    const texts = zones.map((zone) => createTimeText('iso', zone));
    fc.assert(
      fc.property(fc.integer({ min: -6e13, max: 2e14 }), (ms) => {
        for (const text of texts) expect(Date.parse(text(ms))).toBe(ms);
      }),
      { numRuns: 2000 },
    );
  });

  it('is ms since 1970 when asked for', () => {
    expect(createTimeText('epoch', 'Europe/Berlin')(1700000000123)).toBe('1700000000123');
  });

  it('refuses a zone that does not exist', () => {
    expect(() => createTimeText('iso', 'Mars/Olympus')).toThrow(expect.objectContaining({ code: 'invalid' }));
  });
});
