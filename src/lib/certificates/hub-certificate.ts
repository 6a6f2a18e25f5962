import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { messageOf } from '../errors/muster-error.ts';

/** A certificate with its chain and its key, in PEM. */
export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** What became of files that are others than before. Times in ms since 1970. */
export type CertificateChange =
  | { readonly ok: true; readonly subject: string; readonly fingerprint: string; readonly expiresAt: number }
  /** The pair from before goes on. */
  | { readonly ok: false; readonly reason: string };

/** What speaks TLS with the pair; `tls.Server` and `https.Server` do. */
interface SecureServer {
  setSecureContext(options: SecureContextOptions): void;
}

export interface HubCertificatePorts {
  readonly read: () => Promise<CertificatePair>;
  readonly current: CertificatePair;
}

/** So often files are looked at. A renewal writes two of them, one after the other. */
const LOOK_EVERY_MS = 5_000;

/**
 * The hub's own certificate, which is renewed under way: the files are read again when they are others than before, and on demand. Connections that are open go on; handshakes from then on
 * have the new one. A pair that cannot be used changes nothing: whoever comes meanwhile gets the one from before.
 */
export class HubCertificate {
  readonly #ports: HubCertificatePorts;
  readonly #servers: { readonly server: SecureServer; readonly options: (pair: CertificatePair) => SecureContextOptions }[] = [];
  #current: CertificatePair;
  /** The last that could not be used, as text: it is told once. */
  #refused: string | null = null;
  #suspected: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> = Promise.resolve();
  #tell: ((change: CertificateChange) => void) | null = null;
  #isAsked = false;

  constructor(ports: HubCertificatePorts) {
    this.#ports = ports;
    this.#current = ports.current;
  }

  get current(): CertificatePair {
    return this.#current;
  }

  /** From now on the server has the newest pair, with these options. */
  serve(server: SecureServer, options: (pair: CertificatePair) => SecureContextOptions): void {
    this.#servers.push({ server, options });
  }

  start(tell: (change: CertificateChange) => void): void {
    this.#tell = tell;
    this.#timer = setInterval(() => void this.look(false), LOOK_EVERY_MS);
    this.#timer.unref();
    if (this.#isAsked) void this.look(true);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#tell = null;
    await this.#looking;
  }

  /** Reads the files. `asked`: somebody says that they are whole; otherwise a pair that does not fit is looked at once more before it is told. Before the start it waits for that, and after the stop nothing is looked at. Never rejects. */
  look(asked: boolean): Promise<void> {
    if (this.#tell === null) this.#isAsked ||= asked;
    this.#looking = this.#looking.then(() => this.#look(asked));
    return this.#looking;
  }

  async #look(asked: boolean): Promise<void> {
    if (this.#tell === null) return;
    let state = '';
    try {
      const pair = await this.#ports.read();
      if (pair.cert.equals(this.#current.cert) && pair.key.equals(this.#current.key)) {
        this.#refused = null;
        this.#suspected = null;
        return;
      }
      state = `${pair.cert.toString('base64')} ${pair.key.toString('base64')}`;
      this.#use(pair);
    } catch (error: unknown) {
      this.#refuse(state, messageOf(error), asked);
    }
  }

  #use(pair: CertificatePair): void {
    // Throws for what is no PEM, and for a key that does not belong to the certificate.
    createSecureContext(pair);
    const { subject, fingerprint256, validTo } = new X509Certificate(pair.cert);
    const expiresAt = Date.parse(validTo);
    for (const { server, options } of this.#servers) server.setSecureContext(options(pair));
    this.#current = pair;
    this.#refused = null;
    this.#suspected = null;
    this.#tell?.({ ok: true, subject, fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(), expiresAt });
  }

  #refuse(state: string, reason: string, asked: boolean): void {
    const what = `${state} ${reason}`;
    if (what === this.#refused && !asked) return;
    if (what !== this.#suspected && !asked) {
      this.#suspected = what;
      return;
    }
    this.#refused = what;
    this.#tell?.({ ok: false, reason });
  }
}
