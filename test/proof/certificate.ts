import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

/** What a hub proves itself with; nobody trusts it who is not told to. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM, for those who are to trust it. */
  readonly ca: string;
}

/** One for 127.0.0.1, made by openssl. */
export function makeCertificate(scope: Scope): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'muster-proof-tls-'));
  scope.defer(() => rmSync(folder, { recursive: true, force: true }));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const what = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '3'];
  const who = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...what, ...who, '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  return { certFile, keyFile, ca: readFileSync(certFile, 'utf8') };
}
