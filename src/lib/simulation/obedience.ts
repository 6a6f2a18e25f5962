import { Rejected } from '../device/device-error.ts';
import type { ChildDevice, Gateway } from '../device/gateway.ts';
import type { SampleValue } from '../domain/value.ts';
import type { Random } from './random.ts';

/** What simulated gateways were asked. */
export interface CommandCounts {
  readonly applied: number;
  readonly rejected: number;
}

export interface Obedience {
  counts(): CommandCounts;
}

/** Each device of a gateway takes three topic filters, of 1,000 that a client may have (mqtt.subscriptions-max). */
const MEMBERS_MAX = 300;

export interface ObedienceOptions {
  readonly gateways: readonly (Gateway | null)[];
  /** By the id of the gateway: the devices behind it. */
  readonly childrenOf: ReadonlyMap<string, readonly string[]>;
  /** 0 to 1: so much of what they are asked they reject. */
  readonly rejectShare: number;
  readonly random: Random;
}

/**
 * Lets simulated gateways, and the devices behind them, do what they are asked: a set point is reported back, a call gives back its arguments, a configuration is taken.
 * A share of all is rejected, for who wants to see that.
 */
export function letObey({ gateways, childrenOf, rejectShare, random }: ObedienceOptions): Obedience {
  const counts = { applied: 0, rejected: 0 };
  const decide = (): void => {
    if (random() < rejectShare) {
      counts.rejected += 1;
      throw new Rejected('rejected by the simulation');
    }
    counts.applied += 1;
  };
  const teach = (member: Pick<ChildDevice, 'onSet' | 'onCall' | 'onConfig' | 'report'>): void => {
    member.onSet((values) => {
      decide();
      // What becomes of that message is counted like any other.
      void member.report(values as Readonly<Record<string, SampleValue>>);
    });
    member.onCall(null, (args) => {
      decide();
      return args;
    });
    member.onConfig(decide);
  };
  for (const gateway of gateways) {
    if (gateway === null) continue;
    teach(gateway);
    for (const child of (childrenOf.get(gateway.id ?? '') ?? []).slice(0, MEMBERS_MAX - 1)) teach(gateway.child(child));
  }
  return { counts: () => counts };
}
