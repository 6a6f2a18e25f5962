import type { SecureContext } from 'node:tls';
import type { HubClient } from '../client/hub-client.ts';
import type { PayloadName, QualityOfService, SimulatedProtocol } from './choices.ts';
import { cleanUp, cleanUpFailed } from './clean-up.ts';
import { createEdgeAlarms } from './edge-alarms.ts';
import { endRun } from './ending.ts';
import { connectFleet, member } from './fleet-connection.ts';
import { newRunId, planSyntheticFleet, SIMULATION_LABEL, syntheticPoints } from './fleet-plan.ts';
import { provision } from './provision.ts';
import { createRandom } from './random.ts';
import { createReport, type SimulationReport } from './report.ts';
import { CONNECTION_LIMITS, COUNT_DEADLINE_MS, GONE_MS, LAST_ACKNOWLEDGEMENTS_MS, type SimulationMonitor } from './run-limits.ts';
import { runStages, type Stage } from './runner.ts';
import { countStored } from './stored.ts';
import { tallyText } from './summary.ts';
import { createSyntheticSources } from './synthetic-gateway.ts';
import { createTally } from './tally.ts';

export interface SimulateOptions {
  readonly hub: HubClient;
  readonly mqttUrl: string;
  /** Null: what Node trusts. */
  readonly trust: SecureContext | null;
  readonly gateways: number;
  /** Of each gateway and each device behind one. */
  readonly points: number;
  readonly childrenPerGateway: number;
  /** Each with its own load; today's command makes one. */
  readonly stages: readonly Stage[];
  readonly protocol: SimulatedProtocol;
  readonly qos: QualityOfService;
  readonly payload: PayloadName;
  readonly valuesPerMessage: number | null;
  readonly seed: number;
  readonly keep: boolean;
  /** The gateways fetch the rules that they evaluate themselves, and report the alarms. */
  readonly rules: boolean;
  readonly signal: AbortSignal;
  readonly monitor: SimulationMonitor;
}

/** Creates gateways, lets them report, asks the hub what it holds and, unless told otherwise, removes them again. */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { hub, gateways, points, childrenPerGateway, protocol, qos, seed, signal, monitor } = options;
  const run = newRunId(Date.now());
  const plan = planSyntheticFleet({ run, gateways, points, childrenPerGateway });
  const tally = createTally();
  monitor.onPhase(`Creating ${gateways + plan.children.length} devices`, tally);
  const { identities } = await provision({ hub, plan, signal, monitor });
  try {
    monitor.onPhase(`Connecting ${gateways} gateways to ${options.mqttUrl}`, tally);
    const fleet = await connectFleet({
      url: options.mqttUrl,
      trust: options.trust,
      identities,
      protocol,
      qos,
      payload: options.payload,
      ...CONNECTION_LIMITS,
      tally,
      random: createRandom(seed),
      signal,
    });
    const sources = createSyntheticSources({
      plan,
      points: syntheticPoints(points),
      seed,
      valuesPerMessage: options.valuesPerMessage,
    });
    const alarms = options.rules ? await createEdgeAlarms({ hub, identities, signal, onWarning: monitor.onWarning }) : null;
    monitor.onPhase('Reporting', tally);
    const startedAt = Date.now();
    const { stages, health } = await runStages({
      stages: options.stages,
      signal,
      fire(index, time) {
        const gateway = fleet.gateways[index];
        if (!gateway) return;
        for (const { device, values } of sources[index]?.(time) ?? []) {
          void member(gateway, device).report(values, { time });
          for (const alarm of alarms?.of(index, device, time, values) ?? []) void member(gateway, alarm.device).alarm(alarm.report);
        }
      },
    });
    const elapsedMs = Date.now() - startedAt;
    monitor.onPhase('Waiting for the last acknowledgements', tally);
    const { gone } = await fleet.finish(LAST_ACKNOWLEDGEMENTS_MS, GONE_MS);
    const expected = qos === 0 ? tally.sent.samples : tally.acknowledged.samples;
    const ending = await endRun({
      run,
      monitor,
      count: () => countStored(hub, { label: `${SIMULATION_LABEL}=${run}` }, expected, COUNT_DEADLINE_MS, gone ? GONE_MS : undefined),
      remove: options.keep
        ? null
        : () => {
            monitor.onPhase('Cleaning up', tally);
            return cleanUp(hub, run);
          },
    });
    return createReport(tally, {
      run,
      mqttUrl: options.mqttUrl,
      protocol,
      qos,
      gateways,
      devices: gateways + plan.children.length,
      startedAt,
      elapsedMs,
      storedBefore: 0,
      repeated: 0,
      generator: health,
      stages,
      interrupted: signal.aborted,
      alarms: alarms?.counts() ?? null,
      ...ending,
    });
  } catch (error: unknown) {
    if (tally.sent.messages > 0) monitor.onWarning(`The run ended without a summary; until then: ${tallyText(tally)}.`);
    if (!options.keep) await cleanUp(hub, run).catch((problem: unknown) => monitor.onWarning(cleanUpFailed(run, problem)));
    throw error;
  }
}
