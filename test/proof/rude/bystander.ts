import type { ProbeAnswer } from '../actors/probe.ts';
import { startActor } from '../actors/start-actor.ts';
import { createDevice, samplesOf } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { pause, rounded } from '../waiting.ts';

/** A well-behaved device, and somebody who asks for the time, while others are rude. */
export interface Bystander {
  /** Judges how they were served since the last time; gives the device's p99 in ms. */
  judge(during: string): Promise<number>;
  /** The highest p99 so far. */
  readonly worstP99Ms: () => number;
  /** Everything acknowledged is stored. */
  compare(): Promise<void>;
}

/** Or, on a machine that is slow by itself, five times what it was before, or twenty times what timers of other processes are late. */
export const BYSTANDER_P99_MS_MAX = 1_000;
const SLOWER_MAX = 5;
const LAGS_MAX = 20;
const DEVICE = 'bystander';

export async function startBystander({ scope, findings }: ProofRun, hub: HubProcess): Promise<Bystander> {
  const probe = await startActor(scope, 'probe');
  await probe.ask({ do: 'begin', port: hub.mqttPort, url: hub.url, credentials: await createDevice(hub, DEVICE), device: DEVICE });
  await pause(500);
  await probe.ask({ do: 'tell' });
  await pause(1_000);
  const before = await probe.ask<ProbeAnswer>({ do: 'tell' });
  const usualMax = Math.max(BYSTANDER_P99_MS_MAX, SLOWER_MAX * before.p99Ms);
  let worst = 0;
  return {
    worstP99Ms: () => worst,
    async judge(during) {
      // At least some reports of its own.
      await pause(300);
      const { acknowledged, p99Ms, failed, cuts, httpAnswered, httpFailed, httpMaxMs, lagP99Ms } = await probe.ask<ProbeAnswer>({ do: 'tell' });
      const p99MsMax = Math.max(usualMax, LAGS_MAX * lagP99Ms);
      const about = `during ${during}`;
      if (acknowledged === 0) findings.add('a well-behaved device was not served', about);
      if (failed > 0 || cuts > 0) findings.add('a well-behaved device was refused or cut off', `${about}: ${failed} refused, ${cuts} cuts`);
      if (p99Ms > p99MsMax) findings.add(`a well-behaved device waits longer than it may (p99)`, `${about}: ${rounded(p99Ms)} of ${rounded(p99MsMax)} ms`);
      if (httpFailed > 0 || httpAnswered === 0) findings.add('the API did not answer', `${about}: ${httpFailed} of ${httpFailed + httpAnswered}`);
      if (httpMaxMs > p99MsMax * 2) findings.add(`the API takes longer than it may`, `${about}: ${rounded(httpMaxMs)} of ${rounded(p99MsMax * 2)} ms`);
      worst = Math.max(worst, p99Ms);
      return p99Ms;
    },
    async compare() {
      const { acknowledgedEver, sent } = await probe.ask<ProbeAnswer>({ do: 'tell' });
      const stored = (await samplesOf(hub, DEVICE)).length;
      if (stored < acknowledgedEver) findings.add('acknowledged samples were lost', `${acknowledgedEver} acknowledged, ${stored} stored`);
      // The probe goes on sending while it is counted.
      if (stored > sent + 1_000) findings.add('more samples are stored than were sent', `${stored} of ${sent}`);
    },
  };
}
