import { anomalyDefinition } from './anomaly/definition.ts';
import { bandsDefinition } from './bands/definition.ts';
import type { ConditionKind } from './condition.ts';
import { jointDefinition } from './joint/definition.ts';
import { noDataDefinition } from './no-data/definition.ts';
import { rateDefinition } from './rate/definition.ts';
import { scriptDefinition } from './script/definition.ts';
import { stateDefinition } from './state/definition.ts';
import { trendDefinition } from './trend/definition.ts';

/** Every kind of condition, in the order of the reference. The schema of rules, their docs and the tests of the contract derive from this list. */
export const CONDITION_KINDS: readonly ConditionKind[] = [
  bandsDefinition,
  rateDefinition,
  noDataDefinition,
  stateDefinition,
  jointDefinition,
  trendDefinition,
  anomalyDefinition,
  scriptDefinition,
];

export function conditionKind(name: string): ConditionKind | undefined {
  return CONDITION_KINDS.find((kind) => kind.name === name);
}
