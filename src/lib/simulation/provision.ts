import type { CredentialCreated, Device, DeviceCreate, DeviceCreated, DeviceType, DeviceTypeCreate } from '../api/schema/fleet.ts';
import type { HubClient } from '../client/hub-client.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type AddedCredential, cleanUp, cleanUpFailed } from './clean-up.ts';
import type { GatewayIdentity } from './fleet-connection.ts';
import type { FleetPlan, PlannedDevice, PlannedType } from './fleet-plan.ts';
import { forEachBounded } from './pool.ts';
import type { SimulationMonitor } from './run-limits.ts';

/** Requests to the hub at once. */
const CONCURRENCY = 8;

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
  function progress(): void {
    made += 1;
    monitor.onProvisioned(made, total);
  }
  try {
    for (const type of plan.types) await ensureType(hub, type, signal);
    await forEachBounded(plan.gateways, CONCURRENCY, signal, async (gateway) => {
      const { credential, isNew } = await ensureGateway(hub, gateway, signal);
      if (!isNew) addedCredentials.push({ device: gateway.id, id: credential.id });
      identities.set(gateway.id, { deviceId: gateway.id, secret: credential.secret });
      progress();
    });
    await forEachBounded(plan.children, CONCURRENCY, signal, async (child) => {
      await hub.request<Device>('POST', '/devices', { body: deviceBody(child), signal });
      progress();
    });
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted while the gateways were created.');
  } catch (error: unknown) {
    await cleanUp(hub, plan.run, addedCredentials).catch((problem: unknown) => monitor.onWarning(cleanUpFailed(plan.run, problem)));
    throw error;
  }
  return { identities: plan.gateways.flatMap(({ id }) => identities.get(id) ?? []), addedCredentials };
}

/** A type of that name that is there already is taken as it is: a demo with a kept directory runs again. */
async function ensureType(hub: HubClient, type: PlannedType, signal: AbortSignal): Promise<void> {
  const body: DeviceTypeCreate = { ...type, points: type.points.map((point) => ({ ...point, kind: 'measure' as const })) };
  try {
    await hub.request<DeviceType>('POST', '/types', { body, signal });
  } catch (error: unknown) {
    if (!isConflict(error)) throw error;
  }
}

async function ensureGateway(
  hub: HubClient,
  gateway: PlannedDevice,
  signal: AbortSignal,
): Promise<{ readonly credential: CredentialCreated; readonly isNew: boolean }> {
  try {
    const { credential } = await hub.request<DeviceCreated>('POST', '/devices', { body: { ...deviceBody(gateway), credential: 'token' }, signal });
    if (credential === undefined) throw new MusterError('internal', `The hub created ${gateway.id} without a credential.`);
    return { credential, isNew: true };
  } catch (error: unknown) {
    if (!isConflict(error)) throw error;
    const path = `/devices/${encodeURIComponent(gateway.id)}/credentials`;
    return { credential: await hub.request<CredentialCreated>('POST', path, { body: { kind: 'token' }, signal }), isNew: false };
  }
}

function deviceBody({ id, name, kind, type, parent, labels }: PlannedDevice): DeviceCreate {
  return { id, name, kind, labels: { ...labels }, ...(type === null ? {} : { type }), ...(parent === null ? {} : { parent }) };
}

function isConflict(error: unknown): boolean {
  return error instanceof MusterError && error.code === 'conflict';
}
