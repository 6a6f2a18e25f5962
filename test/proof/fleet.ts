import type { HubProcess } from './hub-process.ts';

/** What a client needs to sign in. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Makes a device with a token. */
export async function createDevice(hub: HubProcess, id: string, more: object = {}): Promise<Credentials> {
  const { status, body } = await hub.api('POST', '/devices', { id, credential: 'token', ...more });
  if (status !== 201) throw new Error(`the device ${id} could not be made: ${status} ${JSON.stringify(body)}`);
  return { username: id, password: body.credential.secret };
}

/** An application that may read everything; its token outlives the hub's own, which may change with a start. */
export async function createApplication(hub: HubProcess, name: string): Promise<Credentials> {
  const { status, body } = await hub.api('POST', '/tokens', { name, role: 'operator' });
  if (status !== 201) throw new Error(`the token ${name} could not be made: ${status} ${JSON.stringify(body)}`);
  return { username: name, password: body.token };
}

/** A claim with which any number of devices may register themselves. */
export async function createClaim(hub: HubProcess, id: string): Promise<Credentials> {
  const { status, body } = await hub.api('POST', '/claims', { id });
  if (status !== 201) throw new Error(`the claim ${id} could not be made: ${status} ${JSON.stringify(body)}`);
  return { username: 'claim', password: body.token };
}

export interface StoredSample {
  readonly point: string;
  readonly time: number;
  readonly value: unknown;
}

/** Every sample of a device, by time. */
export async function samplesOf(hub: HubProcess, device: string, point = '*', limit = 50_000): Promise<StoredSample[]> {
  const rows: StoredSample[] = [];
  let cursor: string | null = null;
  do {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await hub.api('GET', `/devices/${device}/samples?point=${encodeURIComponent(point)}&limit=${limit}${after}`);
    if (status !== 200) throw new Error(`the samples of ${device} could not be read: ${status} ${JSON.stringify(body)}`);
    for (const row of body.items) rows.push({ point: row.point, time: row.time, value: row.value });
    cursor = body.cursor;
  } while (cursor !== null);
  return rows;
}
