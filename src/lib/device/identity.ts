import { open, readFile, rename, rm } from 'node:fs/promises';
import { messageOf } from '../errors/muster-error.ts';
import { DeviceError } from './device-error.ts';

/** Who a device is, for the time after its next start. Holds a secret. */
export interface Identity {
  /** What it shows to be the same one when it has to ask again: made before it claims for the first time. */
  readonly proof: string;
  /** PEM: of the certificate that it asks for, made before it claims. Absent: it asks for a token. */
  readonly key?: string;
  /** null: not claimed yet. */
  readonly device: ClaimedIdentity | null;
}

/** What the hub gave it: a token, or a certificate (PEM) for its key. */
export type ClaimedIdentity = { readonly id: string; readonly expiresAt: number | null } & (
  | { readonly token: string; readonly certificate?: never }
  | { readonly certificate: string; readonly token?: never }
);

/** Where a device keeps its identity. What was saved must be there after a loss of power. */
export interface IdentityStore {
  load(): Promise<Identity | null>;
  save(identity: Identity): Promise<void>;
}

/** A file that only its owner can read, replaced as a whole. */
export function fileIdentity(file: string): IdentityStore {
  return {
    async load() {
      let text: string;
      try {
        text = await readFile(file, 'utf8');
      } catch (error: unknown) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw new DeviceError('invalid', `The identity in ${file} cannot be read: ${messageOf(error)}.`, { cause: error, hint: 'Check who owns the file.' });
      }
      return parse(text, file);
    },
    async save(identity) {
      const next = `${file}.new`;
      await rm(next, { force: true });
      const handle = await open(next, 'wx', 0o600);
      try {
        await handle.writeFile(`${JSON.stringify(identity)}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(next, file);
    },
  };
}

/** For tests, and for programs that keep it elsewhere. */
export function memoryIdentity(known: Identity | null = null): IdentityStore {
  let identity = known;
  return {
    load: () => Promise.resolve(identity),
    save: (next) => {
      identity = next;
      return Promise.resolve();
    },
  };
}

function parse(text: string, file: string): Identity {
  const broken = (cause?: unknown) =>
    new DeviceError('invalid', `The identity in ${file} is broken.`, { cause, hint: 'Remove the file to claim again, if the claim still allows it.' });
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error: unknown) {
    throw broken(error);
  }
  const { proof, key, device } = (read ?? {}) as {
    readonly proof?: unknown;
    readonly key?: unknown;
    readonly device?: Readonly<Record<string, unknown>> | null;
  };
  if (typeof proof !== 'string' || (key !== undefined && typeof key !== 'string')) throw broken();
  const own = { proof, ...(key !== undefined && { key }) };
  if (device === null || device === undefined) return { ...own, device: null };
  const { id, token, certificate, expiresAt = null } = device;
  if (typeof id !== 'string' || (expiresAt !== null && typeof expiresAt !== 'number')) throw broken();
  if (typeof certificate === 'string' && key !== undefined) return { ...own, device: { id, certificate, expiresAt } };
  if (typeof token !== 'string') throw broken();
  return { ...own, device: { id, token, expiresAt } };
}
