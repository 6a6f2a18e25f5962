import { createRandom, seedFor } from '../../../src/lib/simulation/random.ts';
import type { HubProcess } from '../hub-process.ts';
import { pause } from '../waiting.ts';

/** A command that the hub has accepted. */
export interface Accepted {
  readonly id: string;
  readonly device: string;
  readonly kind: 'set' | 'call';
  readonly value: unknown;
  readonly isShortLived: boolean;
  /** accepted: taken back, the hub said so. unknown: perhaps, its answer was lost. */
  cancelled: 'no' | 'unknown' | 'accepted';
}

/** People and programs that ask devices all the time. */
export interface Asking {
  readonly accepted: ReadonlyMap<string, Accepted>;
  /** Of those whose answer was lost with the hub, which may exist. */
  readonly unanswered: () => number;
  begin(): void;
  stop(): Promise<void>;
}

const ASKERS = 4;
const PACE_MS_MAX = 25;
const SETS = 0.4;
const SHORT_LIVED = 0.08;
const SHORT_LIFE_MS = 700;
const TAKES_BACK = 0.06;
export const POINT = 'target';

/** Each device is asked by one of them, so that its set points have an order. Each value is asked once. */
export function createAsking(hub: HubProcess, devices: readonly string[], seed: number): Asking {
  const accepted = new Map<string, Accepted>();
  let stopped = false;
  let [number, unanswered] = [0, 0];
  let loops: Promise<unknown> = Promise.resolve();

  async function askOne(device: string, random: () => number): Promise<void> {
    number += 1;
    const mine = number;
    const kind = random() < SETS ? 'set' : 'call';
    const isShortLived = random() < SHORT_LIVED;
    const wish = kind === 'set' ? { values: { [POINT]: mine } } : { name: 'count', args: mine };
    const body = { ...wish, ...(isShortLived && { expiryMs: SHORT_LIFE_MS }) };
    const answer = await hub.api('POST', `/devices/${device}/${kind}`, body).catch(() => null);
    if (answer === null) unanswered += 1;
    if (answer?.status !== 201) return;
    const value = kind === 'set' ? { [POINT]: mine } : mine;
    const command: Accepted = { id: answer.body.id, device, kind, value, isShortLived, cancelled: 'no' };
    accepted.set(command.id, command);
    if (random() >= TAKES_BACK) return;
    await pause(random() * 200);
    const taken = await hub.api('POST', `/commands/${command.id}/cancel`).catch(() => null);
    if (taken === null) command.cancelled = 'unknown';
    else if (taken.status === 200) command.cancelled = 'accepted';
  }

  return {
    accepted,
    unanswered: () => unanswered,
    begin() {
      loops = Promise.all(
        Array.from({ length: ASKERS }, async (_, asker) => {
          const random = createRandom(seedFor(seed, `asker-${asker}`));
          const mine = devices.filter((_device, index) => index % ASKERS === asker);
          while (!stopped) {
            if (hub.isRunning()) await askOne(mine[Math.floor(random() * mine.length)] ?? '', random);
            await pause(random() * PACE_MS_MAX);
          }
        }),
      );
    },
    async stop() {
      stopped = true;
      await loops;
    },
  };
}
