import { CATALOGUE, type ErrorCode } from '../errors/catalogue.ts';
import { DeviceError } from './device-error.ts';

/** A token, or a certificate in PEM. */
export type Renewed = { readonly expiresAt: number | null } & ({ readonly token: string } | { readonly certificate: string });

/** Asked again after so long, at most. */
const LOOK_MS_MAX = 6 * 3_600_000;
const LOOK_MS_MIN = 10_000;
/** Of the time that is left when the token is new; then there is as much again for what may go wrong. */
const AFTER = 2 / 3;
const ANSWER_MS_MAX = 30_000;

interface RenewalPorts {
  /** ms since 1970 */
  readonly now: () => number;
  readonly ask: (payload: string) => void;
  /** Of a device with a certificate: the request for the next one; null: it has a token. */
  readonly request: () => string | null;
  readonly isConnected: () => boolean;
  /** Keeps it. */
  readonly onRenewed: (renewed: Renewed) => Promise<void>;
  readonly onFailed: (error: DeviceError) => void;
}

/** Asks for a new token or certificate before the old one expires. The old one is valid until the new one is used. */
export class Renewal {
  readonly #ports: RenewalPorts;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;
  #pending: { readonly id: string; settle(answer: Renewed | DeviceError): void } | null = null;

  constructor(ports: RenewalPorts) {
    this.#ports = ports;
  }

  /** To be called when a token is there. */
  plan(expiresAt: number | null): void {
    clearTimeout(this.#timer);
    if (expiresAt === null) return;
    const left = expiresAt - this.#ports.now();
    this.#wait(expiresAt, this.#ports.now() + left * AFTER);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#pending?.settle(new DeviceError('interrupted', 'The device was closed.'));
  }

  /** Resolves when the new token is kept. */
  async renew(): Promise<Renewed> {
    if (!this.#ports.isConnected()) throw new DeviceError('unreachable', 'A credential is renewed over a connection, and there is none.');
    if (this.#pending !== null) throw new DeviceError('conflict', 'The credential is being renewed already.');
    this.#lastId += 1;
    const id = String(this.#lastId);
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Renewed | DeviceError>((resolve) => {
      timer = setTimeout(() => resolve(new DeviceError('timed_out', 'The hub did not answer.')), ANSWER_MS_MAX);
      this.#pending = { id, settle: resolve };
      const csr = this.#ports.request();
      this.#ports.ask(JSON.stringify({ id, ...(csr !== null && { csr }) }));
    });
    clearTimeout(timer);
    this.#pending = null;
    if (answer instanceof DeviceError) throw answer;
    await this.#ports.onRenewed(answer);
    this.plan(answer.expiresAt);
    return answer;
  }

  onMessage(payload: Buffer): void {
    const answer = read(payload);
    if (answer !== null && answer.id === this.#pending?.id) this.#pending.settle(answer.outcome);
  }

  #wait(expiresAt: number, at: number): void {
    const ms = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, at - this.#ports.now()));
    this.#timer = setTimeout(() => void this.#look(expiresAt, at), ms);
    this.#timer.unref();
  }

  async #look(expiresAt: number, at: number): Promise<void> {
    if (this.#ports.now() < at || !this.#ports.isConnected()) {
      this.#wait(expiresAt, at);
      return;
    }
    try {
      await this.renew();
    } catch (error: unknown) {
      this.#ports.onFailed(error instanceof DeviceError ? error : new DeviceError('internal', 'The new credential could not be kept.', { cause: error }));
      // Half of what is left each time, so there are many tries before the end.
      this.#wait(expiresAt, this.#ports.now() + Math.max(0, expiresAt - this.#ports.now()) / 2);
    }
  }
}

function read(payload: Buffer): { readonly id: string; readonly outcome: Renewed | DeviceError } | null {
  try {
    const { id, ok, token, certificate, expiresAt: end, code, reason } = JSON.parse(payload.toString()) as Readonly<Record<string, unknown>>;
    if (typeof id !== 'string') return null;
    const expiresAt = typeof end === 'number' ? end : null;
    if (ok === true && typeof certificate === 'string') return { id, outcome: { certificate, expiresAt } };
    if (ok === true && typeof token === 'string') return { id, outcome: { token, expiresAt } };
    const known = typeof code === 'string' && Object.hasOwn(CATALOGUE, code) ? (code as ErrorCode) : 'not_allowed';
    return { id, outcome: new DeviceError(known, `The hub does not renew the credential: ${typeof reason === 'string' ? reason : 'it does not say why'}.`) };
  } catch {
    return null;
  }
}
