import { describe, expect, it } from 'vitest';
import { isName, isPointPath } from '../../../src/lib/domain/ids.ts';
import { describeRun, newRunId, planSyntheticFleet, runOfType, syntheticPoints } from '../../../src/lib/simulation/fleet-plan.ts';
import { createSyntheticSources } from '../../../src/lib/simulation/synthetic-gateway.ts';

const plan = planSyntheticFleet({ run: 'r1', gateways: 12, points: 7, childrenPerGateway: 2 });

describe('the plan of a simulated fleet', () => {
  it('gives each gateway its own identity, and the devices behind it their parent', () => {
    expect(new Set(plan.gateways.map(({ id }) => id)).size).toBe(12);
    expect(plan.children).toHaveLength(24);
    for (const child of plan.children) expect(plan.gateways.some(({ id }) => id === child.parent)).toBe(true);
  });

  it('marks all of it with the run, so that a clean-up finds exactly its own', () => {
    for (const { labels } of [...plan.gateways, ...plan.children]) expect(labels).toEqual({ 'muster-simulation': 'r1' });
    expect(plan.types.map(runOfType)).toEqual(['r1']);
    expect(runOfType({ description: 'A boiler' })).toBeNull();
    expect(runOfType({ description: null })).toBeNull();
    expect(runOfType({ description: `${describeRun('r1')} by hand` })).toBeNull();
  });

  it('uses names that a hub takes', () => {
    for (const { id } of [...plan.types, ...plan.gateways, ...plan.children]) expect(isName(id)).toBe(true);
    const paths = syntheticPoints(50).map(({ path }) => path);
    expect(paths.every(isPointPath)).toBe(true);
    expect(new Set(paths).size).toBe(50);
  });

  it('makes run ids that differ and that a type can carry', () => {
    const ids = new Set(Array.from({ length: 50 }, () => newRunId(Date.now())));
    expect(ids.size).toBeGreaterThan(45);
    for (const id of ids) expect(runOfType({ description: describeRun(id) })).toBe(id);
  });
});

describe('a synthetic gateway', () => {
  const sources = (seed: number, valuesPerMessage: number | null = null) =>
    createSyntheticSources({ plan, points: syntheticPoints(7), seed, valuesPerMessage });

  it('reports every point of itself and of the devices behind it', () => {
    const messages = sources(1)[0]?.(1_763_785_200_000) ?? [];
    expect(messages.map(({ device }) => device)).toEqual(['sim-r1-01', 'sim-r1-01-1', 'sim-r1-01-2']);
    for (const { values } of messages) expect(Object.keys(values)).toHaveLength(7);
  });

  it('cuts a report into messages of the size asked for, losing no point', () => {
    const own = (sources(1, 3)[0]?.(1_763_785_200_000) ?? []).filter(({ device }) => device === 'sim-r1-01');
    expect(own.map(({ values }) => Object.keys(values).length)).toEqual([3, 3, 1]);
    expect(new Set(own.flatMap(({ values }) => Object.keys(values))).size).toBe(7);
  });

  it('says the same for the same seed, and something else than its neighbour', () => {
    const at = (seed: number, gateway: number) => sources(seed)[gateway]?.(1_763_785_200_000)[0]?.values;
    expect(at(1, 0)).toEqual(at(1, 0));
    expect(at(1, 0)).not.toEqual(at(2, 0));
    expect(at(1, 0)).not.toEqual(at(1, 1));
  });
});
