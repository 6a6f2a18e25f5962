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

export const BYSTANDER_P99_MS_MAX = 1_000;
const DEVICE = 'bystander';

export async function startBystander({ scope, findings }: ProofRun, hub: HubProcess): Promise<Bystander> {
  const probe = await startActor(scope, 'probe');
  await probe.ask({ do: 'begin', port: hub.mqttPort, url: hub.url, credentials: await createDevice(hub, DEVICE), device: DEVICE });
  await pause(500);
  await probe.ask({ do: 'tell' });
  let worst = 0;
  return {
    worstP99Ms: () => worst,
    async judge(during) {
      // At least some reports of its own.
      await pause(300);
      const { acknowledged, p99Ms, failed, cuts, httpAnswered, httpFailed, httpMaxMs } = await probe.ask<ProbeAnswer>({ do: 'tell' });
      const about = `during ${during}`;
      if (acknowledged === 0) findings.add('a well-behaved device was not served', about);
      if (failed > 0 || cuts > 0) findings.add('a well-behaved device was refused or cut off', `${about}: ${failed} refused, ${cuts} cuts`);
      if (p99Ms > BYSTANDER_P99_MS_MAX)
        findings.add(`a well-behaved device waits longer than ${BYSTANDER_P99_MS_MAX} ms (p99)`, `${about}: ${rounded(p99Ms)} ms`);
      if (httpFailed > 0 || httpAnswered === 0) findings.add('the API did not answer', `${about}: ${httpFailed} of ${httpFailed + httpAnswered}`);
      if (httpMaxMs > BYSTANDER_P99_MS_MAX * 2) findings.add(`the API takes longer than ${BYSTANDER_P99_MS_MAX * 2} ms`, `${about}: ${rounded(httpMaxMs)} ms`);
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
