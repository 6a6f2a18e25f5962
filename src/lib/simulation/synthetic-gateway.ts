import type { FleetPlan, SyntheticPoint } from './fleet-plan.ts';
import { createRandom, seedFor } from './random.ts';
import { createSignal, type Signal } from './signals.ts';

export interface Message {
  readonly device: string;
  readonly values: Readonly<Record<string, number | boolean>>;
}

/** Makes the messages that one gateway sends for a time (ms since 1970): its own and those of the devices behind it. */
export type MessageSource = (time: number) => readonly Message[];

export interface SyntheticSources {
  readonly plan: FleetPlan;
  readonly points: readonly SyntheticPoint[];
  readonly seed: number;
  /** Values in one message; null: all of a device. */
  readonly valuesPerMessage: number | null;
}

/** One source for each gateway of the plan, in its order. The same seed gives the same values for the same times. */
export function createSyntheticSources({ plan, points, seed, valuesPerMessage }: SyntheticSources): readonly MessageSource[] {
  const childrenOf = new Map<string, string[]>();
  for (const { id, parent } of plan.children) if (parent !== null) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), id]);
  return plan.gateways.map((gateway, index) => {
    const devices = [gateway.id, ...(childrenOf.get(gateway.id) ?? [])].map((id, position) =>
      createDeviceSource(id, points, seedFor(seed, `${index}.${position}`), valuesPerMessage ?? points.length),
    );
    return (time) => devices.flatMap((device) => device(time));
  });
}

function createDeviceSource(id: string, points: readonly SyntheticPoint[], seed: number, valuesPerMessage: number): MessageSource {
  const signals: (readonly [path: string, signal: Signal])[] = points.map(({ path, signal }) => [
    path,
    createSignal(signal, createRandom(seedFor(seed, path))),
  ]);
  return (time) => {
    const messages: Message[] = [];
    for (let start = 0; start < signals.length; start += valuesPerMessage) {
      const values: Record<string, number | boolean> = {};
      const slice = signals.slice(start, start + valuesPerMessage);
      for (const [path, signal] of slice) values[path] = signal(time);
      messages.push({ device: id, values });
    }
    return messages;
  };
}
