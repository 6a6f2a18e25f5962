import type { DeviceKind } from '../domain/device.ts';
import type { TypeMode } from '../domain/device-type.ts';
import type { ValueType } from '../domain/value.ts';
import { type SignalSpec, valueTypeOf } from './signals.ts';

/** The label that marks everything a simulation made; its value is the run's id, so that a run removes its own alone. */
export const SIMULATION_LABEL = 'muster-simulation';

export interface PlannedPoint {
  readonly path: string;
  readonly valueType: ValueType;
  readonly unit: string | null;
  readonly decimals: number | null;
  /** @default 'measure' */
  readonly kind?: 'measure' | 'setpoint';
}

export interface PlannedType {
  readonly id: string;
  readonly mode: TypeMode;
  readonly description: string;
  readonly points: readonly PlannedPoint[];
}

export interface PlannedDevice {
  readonly id: string;
  readonly name: string;
  readonly kind: DeviceKind;
  /** null: the device is there already, with whatever type it has. */
  readonly type: string | null;
  /** The gateway that reports for it; null for a gateway. */
  readonly parent: string | null;
  readonly labels: Readonly<Record<string, string>>;
}

/** What a run needs in the hub. A gateway has an identity and a connection of its own; devices behind it share them. */
export interface FleetPlan {
  readonly run: string;
  readonly types: readonly PlannedType[];
  readonly gateways: readonly PlannedDevice[];
  readonly children: readonly PlannedDevice[];
}

export interface SyntheticFleet {
  readonly run: string;
  readonly gateways: number;
  /** Points of each gateway and of each device behind it. */
  readonly points: number;
  readonly childrenPerGateway: number;
}

interface Archetype {
  readonly name: string;
  readonly unit: string | null;
  readonly decimals: number | null;
  readonly signal: SignalSpec;
}

/** What gateways in buildings and plants commonly measure; a point takes the next one in turn. */
const ARCHETYPES: readonly Archetype[] = [
  { name: 'temperature', unit: '°C', decimals: 2, signal: { shape: 'daily', mean: 19, amplitude: 6, noise: 0.15, decimals: 2 } },
  { name: 'pressure', unit: 'hPa', decimals: 1, signal: { shape: 'walk', min: 980, max: 1040, step: 0.3, decimals: 1 } },
  { name: 'pump', unit: null, decimals: null, signal: { shape: 'on-off', chance: 0.02 } },
  { name: 'energy', unit: 'Wh', decimals: 0, signal: { shape: 'counter', perSecond: 4 } },
  { name: 'humidity', unit: '%', decimals: 1, signal: { shape: 'walk', min: 20, max: 95, step: 0.4, decimals: 1 } },
];

/** What simulated devices may be set to; they report it back. */
const TARGET: PlannedPoint = { path: 'target', valueType: 'number', unit: null, decimals: 2, kind: 'setpoint' };

export interface SyntheticPoint extends PlannedPoint {
  readonly signal: SignalSpec;
}

export function syntheticPoints(count: number): readonly SyntheticPoint[] {
  return Array.from({ length: count }, (_, index) => {
    const archetype = ARCHETYPES[index % ARCHETYPES.length] as Archetype;
    const round = Math.floor(index / ARCHETYPES.length) + 1;
    const path = round === 1 ? archetype.name : `${archetype.name}/${round}`;
    return { path, valueType: valueTypeOf(archetype.signal), unit: archetype.unit, decimals: archetype.decimals, signal: archetype.signal };
  });
}

/** The ids of the devices behind each gateway that has some. */
export function childrenOf({ children }: Pick<FleetPlan, 'children'>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { id, parent } of children) {
    if (parent === null) continue;
    const siblings = found.get(parent);
    if (siblings) siblings.push(id);
    else found.set(parent, [id]);
  }
  return found;
}

export function typeIdOf(run: string): string {
  return `simulation-${run}`;
}

export function planSyntheticFleet({ run, gateways, points, childrenPerGateway }: SyntheticFleet): FleetPlan {
  const type: PlannedType = {
    id: typeIdOf(run),
    mode: 'strict',
    description: describeRun(run),
    points: [...syntheticPoints(points).map(({ path, valueType, unit, decimals }) => ({ path, valueType, unit, decimals })), TARGET],
  };
  const digits = String(gateways).length;
  const plannedGateways: PlannedDevice[] = [];
  const children: PlannedDevice[] = [];
  for (let index = 1; index <= gateways; index += 1) {
    const number = String(index).padStart(digits, '0');
    const id = `sim-${run}-${number}`;
    const labels = { [SIMULATION_LABEL]: run };
    plannedGateways.push({ id, name: `Simulated gateway ${index}`, kind: 'gateway', type: type.id, parent: null, labels });
    for (let child = 1; child <= childrenPerGateway; child += 1) {
      children.push({ id: `${id}-${child}`, name: `Simulated device ${index}.${child}`, kind: 'device', type: type.id, parent: id, labels });
    }
  }
  return { run, types: [type], gateways: plannedGateways, children };
}

/** Stands in the description of each type a run makes: types carry no labels, and a clean-up must know its own. */
export function describeRun(run: string): string {
  return `Made by a simulation, run ${run}`;
}

/** The run that a type was made by, or null when a person made it. */
export function runOfType(type: { readonly description: string | null }): string | null {
  return /^Made by a simulation, run ([0-9a-z]{1,32})$/.exec(type.description ?? '')?.[1] ?? null;
}

/** Short, sortable by time, and unlikely to meet another: ten characters of time and chance. */
export function newRunId(now: number, random: () => number = Math.random): string {
  const tail = Math.floor(random() * 36 ** 3)
    .toString(36)
    .padStart(3, '0');
  return `${Math.floor(now / 1000).toString(36)}${tail}`;
}
