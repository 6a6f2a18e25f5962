import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder.ts';

const KEYS = {
  p256: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  p384: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  rsa: ['-newkey', 'rsa:2048'],
  rsa1024: ['-newkey', 'rsa:1024'],
  ed25519: ['-newkey', 'ed25519'],
} as const;
export type OpensslKey = keyof typeof KEYS;

/** A certificate or request with its key, as PEM and as the files that hold it. */
export interface OpensslFiles {
  readonly pem: string;
  readonly file: string;
  readonly key: string;
  readonly keyFile: string;
}

export interface OpensslAuthority extends OpensslFiles {
  /** Signs a request of its own making. `extensions`: lines of openssl's configuration; null: a certificate of version 1. */
  issue(subject: string, options?: IssueOptions): OpensslFiles;
  /** An authority below this one. */
  intermediate(subject: string, constraints?: string): OpensslAuthority;
  /** A list of revoked certificates in PEM. */
  revocationList(revoked: readonly RevokedCertificate[], options?: RevocationListOptions): string;
  /** Signs somebody else's request. */
  sign(request: string, options?: IssueOptions): string;
}

export interface IssueOptions {
  readonly key?: OpensslKey;
  readonly extensions?: readonly string[] | null;
  /** As openssl takes them: `20200101000000Z`. */
  readonly from?: string;
  readonly to?: string;
  readonly hash?: string;
}

/** A certificate in PEM, or its serial in hex; with a reason as openssl names them, such as `certificateHold`. */
export type RevokedCertificate = string | { readonly certificate: string; readonly reason: string };

export interface RevocationListOptions {
  /** In hex; null: a list of version 1, without extensions. */
  readonly number?: string | null;
  /** As openssl takes them: `20200101000000Z`. */
  readonly thisUpdate?: string;
  readonly nextUpdate?: string;
  readonly extensions?: readonly string[];
  readonly hash?: string;
}

const CLIENT = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature', 'extendedKeyUsage=clientAuth'] as const;

export function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

let counter = 0;
/** A request with its key. */
export function opensslRequest(
  subject: string,
  options: { readonly key?: OpensslKey; readonly extensions?: readonly string[] } = {},
  folder = temporaryFolder(),
): OpensslFiles {
  const name = join(folder, `request-${++counter}`);
  const [file, keyFile] = [`${name}.csr`, `${name}.key`];
  const added = (options.extensions ?? []).flatMap((line) => ['-addext', line]);
  openssl('req', '-new', ...KEYS[options.key ?? 'p256'], '-nodes', '-keyout', keyFile, '-out', file, '-subj', subject, '-utf8', ...added);
  return { pem: readFileSync(file, 'utf8'), file, key: readFileSync(keyFile, 'utf8'), keyFile };
}

/** An authority made by openssl, with its root key in a folder of its own. */
export function opensslAuthority(subject: string, options: { readonly key?: OpensslKey; readonly constraints?: string } = {}): OpensslAuthority {
  const folder = temporaryFolder();
  const [file, keyFile] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  const { key = 'p256', constraints = 'critical,CA:TRUE' } = options;
  const extensions = ['-addext', `basicConstraints=${constraints}`, '-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl('req', '-x509', ...KEYS[key], '-nodes', '-days', '30', '-keyout', keyFile, '-out', file, '-subj', subject, ...extensions);
  return authorityIn(folder, file, keyFile);
}

/** Signs with a certificate that is perhaps none of an authority. */
export function signerOf(file: string, keyFile: string): OpensslAuthority {
  return authorityIn(temporaryFolder(), file, keyFile);
}

function authorityIn(folder: string, file: string, keyFile: string): OpensslAuthority {
  const database = join(folder, 'index.txt');
  const configuration = join(folder, 'ca.cnf');
  writeFileSync(database, '', { flag: 'a' });
  const sign = (request: string, out: string, { extensions = CLIENT, from = '', to = '', hash = 'sha256' }: IssueOptions): void => {
    const lines = [
      ...['[ca]', 'default_ca=one', '[one]', `database=${database}`, `new_certs_dir=${folder}`, `rand_serial=yes`, `default_md=${hash}`, 'policy=any'],
      ...[
        'unique_subject=no',
        'copy_extensions=none',
        'email_in_dn=no',
        '[any]',
        'commonName=optional',
        'organizationName=optional',
        '[added]',
        ...(extensions ?? []),
      ],
    ];
    writeFileSync(configuration, lines.join('\n'));
    const times = from === '' ? ['-days', '7'] : ['-startdate', from, '-enddate', to];
    const added = extensions === null ? [] : ['-extensions', 'added'];
    openssl('ca', '-batch', '-notext', '-config', configuration, '-cert', file, '-keyfile', keyFile, '-in', request, '-out', out, '-utf8', ...times, ...added);
  };
  return {
    pem: readFileSync(file, 'utf8'),
    file,
    key: readFileSync(keyFile, 'utf8'),
    keyFile,
    sign(request, options = {}) {
      const [from, out] = [join(folder, `foreign-${++counter}.csr`), join(folder, `foreign-${counter}.pem`)];
      writeFileSync(from, request);
      sign(from, out, options);
      return readFileSync(out, 'utf8');
    },
    revocationList(revoked, { number = '01', thisUpdate, nextUpdate, extensions = [], hash = 'sha256' } = {}) {
      const name = join(folder, `list-${++counter}`);
      const rows = revoked.map((one) => {
        const [certificate, reason] = typeof one === 'string' ? [one, ''] : [one.certificate, `,${one.reason}`];
        const serial = certificate.includes('BEGIN') ? new X509Certificate(certificate).serialNumber : certificate;
        return `R\t491231235959Z\t260101000000Z${reason}\t${serial}\tunknown\t/CN=x\n`;
      });
      writeFileSync(`${name}.txt`, rows.join(''));
      if (number !== null) writeFileSync(`${name}.number`, `${number}\n`);
      const lines = ['[ca]', 'default_ca=one', '[one]', `database=${name}.txt`, `default_md=${hash}`];
      if (number !== null) lines.push(`crlnumber=${name}.number`, 'crl_extensions=added', '[added]', 'authorityKeyIdentifier=keyid', ...extensions);
      writeFileSync(`${name}.cnf`, lines.join('\n'));
      const times = [
        ...(thisUpdate === undefined ? [] : ['-crl_lastupdate', thisUpdate]),
        ...(nextUpdate === undefined ? ['-crldays', '7'] : ['-crl_nextupdate', nextUpdate]),
      ];
      openssl('ca', '-gencrl', '-config', `${name}.cnf`, '-cert', file, '-keyfile', keyFile, '-out', `${name}.crl`, ...times);
      return readFileSync(`${name}.crl`, 'utf8');
    },
    issue(subject, options = {}) {
      const request = opensslRequest(subject, { ...(options.key && { key: options.key }) }, folder);
      const out = request.file.replace(/csr$/, 'pem');
      sign(request.file, out, options);
      return { pem: readFileSync(out, 'utf8'), file: out, key: request.key, keyFile: request.keyFile };
    },
    intermediate(subject, constraints = 'critical,CA:TRUE') {
      const below = temporaryFolder();
      const made = opensslRequest(subject, {}, below);
      const out = join(below, 'ca.pem');
      sign(made.file, out, { extensions: [`basicConstraints=${constraints}`, 'keyUsage=critical,keyCertSign,cRLSign'] });
      return authorityIn(below, out, made.keyFile);
    },
  };
}
