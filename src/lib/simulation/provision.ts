import type { BatchDevice, BatchResult, DeviceBatchAnswer } from '../api/schema/device-batch.ts';
import type { CredentialCreated, DeviceType, DeviceTypeCreate } from '../api/schema/fleet.ts';
import type { HubClient } from '../client/hub-client.ts';
import { isErrorCode } from '../errors/catalogue.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type AddedCredential, cleanUp, cleanUpFailed } from './clean-up.ts';
import type { GatewayIdentity } from './fleet-connection.ts';
import type { FleetPlan, PlannedDevice, PlannedType } from './fleet-plan.ts';
import { forEachBounded } from './pool.ts';
import type { SimulationMonitor } from './run-limits.ts';

/** Requests to the hub at once. */
const CONCURRENCY = 8;
/** Devices in one request. */
const CHUNK = 250;

export interface Provisioned {
  /** In the order of the plan's gateways. */
  readonly identities: readonly GatewayIdentity[];
  readonly addedCredentials: readonly AddedCredential[];
}

export interface ProvisionOptions {
  readonly hub: HubClient;
  readonly plan: FleetPlan;
  readonly signal: AbortSignal;
  readonly monitor: SimulationMonitor;
}

/**
 * Makes the plan's types, gateways with a credential each, and the devices behind them. A gateway that is there
 * already is used as it is, with a further credential for this run. On any failure what was made is removed again.
 */
export async function provision({ hub, plan, signal, monitor }: ProvisionOptions): Promise<Provisioned> {
  const addedCredentials: AddedCredential[] = [];
  const identities = new Map<string, GatewayIdentity>();
  const total = plan.gateways.length + plan.children.length;
  let made = 0;
  function progress(count: number): void {
    made += count;
    monitor.onProvisioned(made, total);
  }
  try {
    for (const type of plan.types) await ensureType(hub, type, signal);
    for (const gateways of chunksOf(plan.gateways)) {
      for (const [index, result] of (await createDevices(hub, gateways, true, signal)).entries()) {
        const id = gateways[index]?.id ?? '';
        const secret = result.credential?.secret;
        if (typeof secret === 'string') identities.set(id, { deviceId: id, secret });
        else if (result.code !== 'conflict') throw refusalOf(result);
      }
      const known = gateways.filter(({ id }) => !identities.has(id));
      await forEachBounded(known, CONCURRENCY, signal, async ({ id }) => {
        const path = `/devices/${encodeURIComponent(id)}/credentials`;
        const credential = await hub.request<CredentialCreated>('POST', path, { body: { kind: 'token' }, signal });
        addedCredentials.push({ device: id, id: credential.id });
        identities.set(id, { deviceId: id, secret: credential.secret });
      });
      progress(gateways.length);
    }
    for (const children of chunksOf(plan.children)) {
      const refused = (await createDevices(hub, children, false, signal)).find(({ status }) => status === 'failed');
      if (refused !== undefined) throw refusalOf(refused);
      progress(children.length);
    }
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted while the gateways were created.');
  } catch (error: unknown) {
    await cleanUp(hub, plan.run, addedCredentials).catch((problem: unknown) => monitor.onWarning(cleanUpFailed(plan.run, problem)));
    throw error;
  }
  return { identities: plan.gateways.flatMap(({ id }) => identities.get(id) ?? []), addedCredentials };
}

/** A type of that name that is there already is taken as it is: a demo with a kept directory runs again. */
async function ensureType(hub: HubClient, type: PlannedType, signal: AbortSignal): Promise<void> {
  const body: DeviceTypeCreate = { ...type, points: type.points.map((point) => ({ ...point, kind: point.kind ?? ('measure' as const) })) };
  try {
    await hub.request<DeviceType>('POST', '/types', { body, signal });
  } catch (error: unknown) {
    if (!isConflict(error)) throw error;
  }
}

/** In one transaction, with a result for each. `withToken`: each new one gets a token. */
async function createDevices(hub: HubClient, devices: readonly PlannedDevice[], withToken: boolean, signal: AbortSignal): Promise<readonly BatchResult[]> {
  if (signal.aborted) return [];
  const body = {
    mode: 'create' as const,
    devices: devices.map((device): BatchDevice => ({ ...deviceBody(device), ...(withToken && { credential: { kind: 'token' as const } }) })),
  };
  return (await hub.request<DeviceBatchAnswer>('POST', '/devices/batch', { body, signal })).results;
}

function chunksOf(devices: readonly PlannedDevice[]): readonly (readonly PlannedDevice[])[] {
  return Array.from({ length: Math.ceil(devices.length / CHUNK) }, (_, index) => devices.slice(index * CHUNK, (index + 1) * CHUNK));
}

function refusalOf({ id, code, reason, hint }: BatchResult): MusterError {
  const known = code !== null && isErrorCode(code) ? code : 'internal';
  return new MusterError(known, `The device ${id ?? ''} cannot be created: ${reason ?? 'the hub does not say why'}.`, hint === null ? {} : { hint });
}

function deviceBody({ id, name, kind, type, parent, labels }: PlannedDevice): BatchDevice {
  return { id, name, kind, labels: { ...labels }, ...(type === null ? {} : { type }), ...(parent === null ? {} : { parent }) };
}

function isConflict(error: unknown): boolean {
  return error instanceof MusterError && error.code === 'conflict';
}
