import { expect, it } from 'vitest';
import { previewChange } from '../../../src/lib/configuration/preview-change.ts';
import type { PlannedConfig } from '../../../src/lib/control/config-planner.ts';
import type { ConfigChange } from '../../../src/lib/domain/device-config.ts';
import type { DeviceId, ProjectId } from '../../../src/lib/domain/ids.ts';

const CHANGE: ConfigChange = { patch: {}, comment: null, ifVersion: null };

const preview = (count: number, textOf: (device: string) => string) => {
  const plan = (_: ProjectId, device: DeviceId): Promise<PlannedConfig> =>
    Promise.resolve({ outcome: 'send', isNew: true, version: 1, document: { text: textOf(device) }, undoes: null, before: null });
  const devices = Array.from({ length: count }, (_, index) => `d${index}` as DeviceId);
  return previewChange({ plan }, 'default' as ProjectId, devices, CHANGE, new AbortController().signal);
};

it('keeps no more of long documents than fits, counts the others, and knows those again that it has', async () => {
  const long = 'x'.repeat(1_000_000);
  const { devices, groups, others } = await preview(30, (device) => (device.endsWith('9') ? 'the same' : `${long} ${device}`));
  expect(devices).toBe(30);
  expect(JSON.stringify(groups).length).toBeLessThan(10_000_000);
  expect(groups.length).toBeGreaterThan(5);
  expect(groups[0]).toMatchObject({ devices: 3, outcome: 'changed', example: 'd9' });
  expect(groups.reduce((sum, group) => sum + group.devices, others)).toBe(30);
});

it('shows the hundred largest groups, and says how many devices are in others', async () => {
  const { groups, others } = await preview(1_000, (device) => String(Math.floor(Number(device.slice(1)) / 5)));
  expect(groups).toHaveLength(100);
  expect(others).toBe(500);
});
