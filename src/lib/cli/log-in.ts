import { isAbsolute, resolve } from 'node:path';
import { createHubClient, type HubClient } from '../client/hub-client.ts';
import { normalizeHubUrl } from '../client/hub-url.ts';
import { MusterError } from '../errors/muster-error.ts';
import { type Contexts, saveContext } from './contexts.ts';

export interface LoginRequest {
  readonly url?: string | undefined;
  readonly context?: string | undefined;
  readonly project?: string | undefined;
  readonly ca?: string | undefined;
  readonly contexts: Contexts;
  readonly signal: AbortSignal;
  /** Longest wait for an answer, in ms. */
  readonly timeoutMs?: number | undefined;
  readonly warn: (line: string) => void;
  /** Asked for only once the hub is known. */
  readonly proof: () => Promise<{ readonly token: string } | { readonly user: string; readonly password: string }>;
}

export interface LoginResult {
  readonly context: string;
  readonly url: string;
  readonly name: string;
  readonly role: string | null;
  readonly project: string;
  readonly expiresAt: number | null;
}

/** Logs in and saves the context, which becomes the current one. */
export async function logIn(request: LoginRequest): Promise<LoginResult> {
  const { contexts, current } = request.contexts;
  const named = contexts.find((one) => one.name === (request.context ?? current));
  const given = request.url ?? (process.env.MUSTER_URL || undefined) ?? named?.url;
  if (given === undefined) throw new MusterError('no_context', 'No hub is chosen.', { hint: 'Give --url URL.' });
  const url = normalizeHubUrl(given);
  const same = [named, ...contexts].find((one) => one !== undefined && normalizeHubUrl(one.url) === url && (request.context ?? one.name) === one.name);
  const context = request.context ?? same?.name ?? nameOf(url);
  const ca = request.ca === undefined ? same?.ca : absolute(request.ca);
  if (isOpenLine(url)) request.warn(`Warning: ${url} is not encrypted; others on the way can read the password and the token.`);

  const proof = await request.proof();
  const { signal, timeoutMs } = request;
  const connect = (token: string | null): HubClient =>
    createHubClient({ url, token, ca: ca ?? null, signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  const session = 'token' in proof ? await byToken(connect(proof.token), proof.token) : await byPassword(connect(null), proof);
  if (request.project !== undefined && request.project !== session.project) {
    if ('password' in proof) await connect(session.token).sessions.end();
    throw new MusterError('not_allowed', `The log-in belongs to the project ${session.project}, not to ${request.project}.`, {
      hint: 'Log in with a user or token of that project.',
    });
  }
  await saveContext({
    name: context,
    url,
    token: session.token,
    project: session.project,
    readOnly: same?.readOnly ?? false,
    ...(ca === undefined ? {} : { ca }),
  });
  return { context, url, name: session.name, role: session.role, project: session.project, expiresAt: session.expiresAt };
}

type Session = Omit<LoginResult, 'context' | 'url'> & { readonly token: string };

async function byToken(hub: HubClient, token: string): Promise<Session> {
  const { name, role, project } = await hub.whoami();
  return { token, name, role, project, expiresAt: null };
}

async function byPassword(hub: HubClient, proof: { user: string; password: string }): Promise<Session> {
  const { token, user, role, project, expiresAt } = await hub.sessions.create(proof.user, proof.password);
  return { token, name: user, role, project, expiresAt };
}

/** The host, as far as it makes a name. */
function nameOf(url: string): string {
  return new URL(url).host.replaceAll(/[^A-Za-z0-9._:-]/g, '').replace(/^[^A-Za-z0-9]+/, '') || 'hub';
}

function isOpenLine(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && hostname !== 'localhost' && hostname !== '[::1]' && !hostname.startsWith('127.');
}

function absolute(file: string): string {
  return isAbsolute(file) ? file : resolve(file);
}
