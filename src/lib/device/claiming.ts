import { randomBytes } from 'node:crypto';
import { connect, type IClientOptions } from 'mqtt';
import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts';
import { explainConnectError } from './connect-error.ts';
import { DeviceError } from './device-error.ts';
import type { ClaimedIdentity } from './identity.ts';
import type { Claim } from './options.ts';
import { CLAIM_REQUEST, CLAIM_RESPONSE } from './topics.ts';

const PROOF_BYTES = 32;
const ANSWER_MS_MAX = 30_000;

export interface Claimed {
  readonly device: ClaimedIdentity;
  /** `new`: it waits to be approved, and is refused until then. */
  readonly state: string;
}

export function newProof(): string {
  return randomBytes(PROOF_BYTES).toString('base64url');
}

/** Asks once, on a connection for that alone. With the same proof it may be asked again when the answer was lost. Rejects with the hub's reason. */
export function claimIdentity(url: string, options: IClientOptions, claim: Claim, proof: string, csr: string | null): Promise<Claimed> {
  const { credential, key: _, ...about } = claim;
  const signIn = 'token' in credential ? { username: 'claim', password: credential.token } : {};
  return new Promise((resolve, reject) => {
    const client = connect(url, { ...options, ...signIn, clientId: `claim-${randomBytes(8).toString('hex')}`, reconnectPeriod: 0, resubscribe: false });
    const timer = setTimeout(() => fail(new DeviceError('timed_out', `${url} did not answer the claim.`)), ANSWER_MS_MAX);
    const end = () => {
      clearTimeout(timer);
      client.end(true);
    };
    const fail = (error: DeviceError) => {
      end();
      reject(error);
    };
    client.on('error', (error) => fail(explainConnectError(error, url)));
    client.on('close', () => fail(new DeviceError('unreachable', `${url} closed the connection before it answered the claim.`)));
    client.on('message', (topic, payload) => {
      if (topic !== CLAIM_RESPONSE) return;
      const answer = readAnswer(payload);
      if (answer instanceof DeviceError) fail(answer);
      else {
        end();
        resolve(answer);
      }
    });
    client.on('connect', () => {
      // The answer goes to who listens: first the one, then the other.
      client.subscribe(CLAIM_RESPONSE, { qos: 1 }, (error) => {
        if (error) fail(new DeviceError('not_allowed', `${url} does not take claims: ${error.message}.`, { cause: error }));
        else client.publish(CLAIM_REQUEST, JSON.stringify({ ...about, proof, ...(csr !== null && { csr }) }), { qos: 1 }, ignore);
      });
    });
  });
}

function readAnswer(payload: Buffer): Claimed | DeviceError {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = JSON.parse(payload.toString()) as Readonly<Record<string, unknown>>;
  } catch (cause: unknown) {
    return new DeviceError('undecodable', 'The answer to the claim is no JSON.', { cause });
  }
  const { ok, device, token, certificate, expiresAt: end, state: given, code, reason } = answer;
  const expiresAt = typeof end === 'number' ? end : null;
  const state = typeof given === 'string' ? given : 'active';
  if (ok === true && typeof device === 'string' && typeof certificate === 'string') return { device: { id: device, certificate, expiresAt }, state };
  if (ok === true && typeof device === 'string' && typeof token === 'string') return { device: { id: device, token, expiresAt }, state };
  const known = typeof code === 'string' && Object.hasOwn(CATALOGUE, code) ? (code as ErrorCode) : 'not_allowed';
  return new DeviceError(known, `The hub does not take the claim: ${typeof reason === 'string' ? reason : 'it does not say why'}.`);
}

function ignore(): void {}
