import type { BatchDevice, BatchResult } from '../../api/schema/device-batch.ts';
import type { HubClient } from '../../client/hub-client.ts';
import type { ErrorCode } from '../../errors/catalogue.ts';
import type { Body, Change, ManifestKind, Outcome } from '../manifest-kind.ts';
import { sortedTexts, withDefaults } from '../normal-fields.ts';
import { exactly } from './groups.ts';

/** Devices of one request, which is one transaction. */
const CHUNK = 500;

export const deviceKind: ManifestKind = {
  name: 'device',
  plural: 'devices',
  key: 'id',
  fields: ['name', 'kind', 'type', 'parent', 'state', 'labels', 'aliases', 'groups'],
  whole: false,
  normal(body) {
    const defaults = { name: body.id, kind: 'device', type: null, parent: null, state: 'active', labels: {}, aliases: {}, groups: [] };
    const filled = withDefaults(body, defaults);
    return { ...filled, groups: sortedTexts(filled.groups) };
  },
  list: (hub) => hub.devices.list() as AsyncIterable<unknown> as AsyncIterable<Body>,
  show: async (hub, name) => (await hub.devices.show(name)) as unknown as Body,
  store: (hub, changes) => inChunks(gatewaysFirst(changes), changes, (part) => hub.deviceBatches.provision({ mode: 'upsert', devices: part.map(batchDevice) })),
  remove: removeDevices,
};

async function removeDevices(hub: HubClient, names: readonly string[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let begin = 0; begin < names.length; begin += CHUNK) {
    const { results } = await hub.deviceBatches.delete({ devices: names.slice(begin, begin + CHUNK) });
    outcomes.push(...results.map(outcomeOf));
  }
  return outcomes;
}

/** Their order is the hub's business only as far as a gateway is there before what is behind it. */
function gatewaysFirst(changes: readonly Change[]): readonly Change[] {
  return [...changes].sort((one, other) => Number(one.wanted.kind !== 'gateway') - Number(other.wanted.kind !== 'gateway'));
}

async function inChunks(
  ordered: readonly Change[],
  asked: readonly Change[],
  send: (part: readonly Change[]) => Promise<{ readonly results: readonly BatchResult[] }>,
): Promise<readonly Outcome[]> {
  const found = new Map<Change, Outcome>();
  for (let begin = 0; begin < ordered.length; begin += CHUNK) {
    const part = ordered.slice(begin, begin + CHUNK);
    const { results } = await send(part);
    for (const [index, change] of part.entries()) {
      const result = results[index];
      found.set(change, result === undefined ? { ok: false, code: 'internal', reason: 'the hub gave no answer for it' } : outcomeOf(result));
    }
  }
  return asked.map((change) => found.get(change) ?? { ok: false, code: 'internal', reason: 'it was not sent' });
}

/** Labels and aliases are exactly those of the file. */
function batchDevice({ name, before, wanted }: Change): BatchDevice {
  const { labels, aliases, ...rest } = wanted;
  return {
    ...rest,
    id: name,
    ...(labels === undefined ? {} : { labels: exactly(before?.labels, labels) }),
    ...(aliases === undefined ? {} : { aliases: exactly(before?.aliases, aliases) }),
  } as BatchDevice;
}

function outcomeOf({ code, reason }: BatchResult): Outcome {
  return code === null ? { ok: true } : { ok: false, code: code as ErrorCode, reason: reason ?? code };
}
