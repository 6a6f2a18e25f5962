import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { CertificateBatchResult, DeviceCertificateRequest } from '../api/schema/certificates.ts';
import { type KeyPair, makeKeyPair } from '../certificates/keys.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { KeyKind } from '../domain/certificate.ts';
import { MusterError } from '../errors/muster-error.ts';
import { limitsOf, type PaperRow, publicPem } from './issue-papers.ts';
import { checkPlace, isWritten, type Papers, papersOf, writeCertificateFile, writeKeyFile } from './papers.ts';
import type { FormerResults, ResultsFile } from './results-file.ts';
import { failedRow, type RowResult } from './row-result.ts';
import { createChunkSender } from './send-batch.ts';

/** Devices in one request, as the hub signs them in one go. */
const CHUNK = 200;

export interface SelectedIssue {
  readonly hub: Pick<HubClient, 'certificates'>;
  readonly devices: readonly string[];
  readonly key: KeyKind;
  readonly ca: string | undefined;
  readonly validSeconds: number | undefined;
  readonly folder: string;
  /** Write over what is there. */
  readonly force: boolean;
  /** Nothing is made or written: what would be. */
  readonly dryRun: boolean;
  readonly results: ResultsFile | null;
  /** What a command before this one has done. */
  readonly former: FormerResults | null;
  readonly signal: AbortSignal;
  say(text: string): void;
  onProgress(done: number): void;
}

interface Wanted {
  readonly device: string;
  readonly line: number;
  readonly papers: Papers & { readonly keyFile: string };
  /** As it is kept until the results have its row: with it, an interrupted command asks again. */
  readonly newKeyFile: string;
  readonly pem: string;
  readonly keys: KeyPair;
  readonly wasAsked: boolean;
}

/**
 * Certificates for many devices, a row for each. The key is on the disk before the hub hears of it, beside its place (`NAME.key.new`), and stays there until the results have its row: so a command
 * that was killed asks again with the same key, and what was lost on its way is superseded.
 */
export async function* issueSelected(options: SelectedIssue): AsyncGenerator<PaperRow> {
  const { devices, former, results, signal, dryRun } = options;
  const settled = new Set([...(former?.rows.values() ?? [])].map(({ id }) => id));
  const send = createCertificateSender(options);
  const owners = new Map<string, string>();
  if (!dryRun) await checkPlace([], { folder: options.folder, form: 'pem', passphrase: null, force: true });
  const upcoming = devices.map((device, index) => ({ device, line: index + 1 })).filter(({ device }) => !settled.has(device));
  // What has its row is whole.
  for (const device of settled) if (device !== null && !dryRun) await rm(`${placeOf(options, device).keyFile}.new`, { force: true });
  for (let start = 0; start < upcoming.length; start += CHUNK) {
    if (signal.aborted) throw new MusterError('interrupted', 'Interrupted.');
    const chunk = upcoming.slice(start, start + CHUNK);
    const rows = new Map<number, RowResult>();
    const serials = new Map<string, string>();
    const wanted: Wanted[] = [];
    for (const { device, line } of chunk) {
      const one = await prepare(options, device, line, owners);
      if (typeof one === 'string') rows.set(line, failedRow(line, device, 'conflict', one));
      else wanted.push(one);
    }
    if (dryRun) for (const { line, device, papers } of wanted) rows.set(line, rowOf(line, device, papers, '', null));
    else for (const row of await issued(options, wanted, send, serials)) rows.set(row.line ?? 0, row);
    const inOrder = chunk.map(({ line }) => rows.get(line)).filter((row) => row !== undefined);
    await results?.add(inOrder);
    if (!dryRun) await Promise.all(wanted.map(({ newKeyFile }) => rm(newKeyFile, { force: true })));
    for (const row of inOrder) yield paperRowOf(row, dryRun, serials.get(row.id ?? '') ?? null);
    options.onProgress(start + chunk.length);
  }
}

function placeOf({ folder }: Pick<SelectedIssue, 'folder'>, device: string): Papers & { readonly keyFile: string } {
  const { certificateFile, keyFile } = papersOf(device, { folder, form: 'pem' });
  return { certificateFile, keyFile: keyFile ?? certificateFile };
}

/** Its key on the disk; or why it is not asked for. */
async function prepare(options: SelectedIssue, device: string, line: number, owners: Map<string, string>): Promise<Wanted | string> {
  const papers = placeOf(options, device);
  const owner = owners.get(papers.certificateFile) ?? device;
  owners.set(papers.certificateFile, owner);
  if (owner !== device) return `its files would be those of ${owner}: ${papers.certificateFile}`;
  const newKeyFile = `${papers.keyFile}.new`;
  // Left by a command that was interrupted, whose results these are.
  const left = options.former === null ? null : await readKey(newKeyFile);
  if (left === null && !options.force && ((await isWritten(papers.certificateFile)) || (await isWritten(papers.keyFile))))
    return `${papers.certificateFile} or its key exists already`;
  const keys = left ?? (await makeKeyPair(options.key));
  const pem = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (!options.dryRun && left === null) await writeKeyFile(newKeyFile, pem);
  return { device, line, papers, newKeyFile, pem, keys, wasAsked: left !== null };
}

async function readKey(file: string): Promise<KeyPair | null> {
  try {
    const privateKey = createPrivateKey(await readFile(file, 'utf8'));
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    // It is not there, or was not whole when the power went: then the hub has not heard of it.
    return null;
  }
}

/** `serials`: takes the serial of each device's certificate, of which the results say nothing. */
async function issued(
  options: SelectedIssue,
  wanted: readonly Wanted[],
  send: ReturnType<typeof createCertificateSender>,
  serials: Map<string, string>,
): Promise<readonly RowResult[]> {
  if (wanted.length === 0) return [];
  const asked = wanted.map(({ device, keys }) => ({ device, publicKey: publicPem(keys), ...limitsOf(options) }));
  const { items } = await send(
    asked,
    wanted.some(({ wasAsked }) => wasAsked),
  );
  if (items.length !== wanted.length)
    throw new MusterError('unreachable', 'The hub answered with another number of results than it was sent devices.', {
      hint: 'Check the version of the hub.',
    });
  const rows: RowResult[] = [];
  for (const [index, { device, line, papers, pem }] of wanted.entries()) {
    const item = items[index];
    if (item === undefined || !item.ok) {
      rows.push(failedRow(line, device, item?.code ?? 'internal', item?.reason ?? 'there is no answer'));
      continue;
    }
    await writeKeyFile(papers.keyFile, pem);
    await writeCertificateFile(papers, `${item.certificate.certificate}${item.certificate.caCertificate}`);
    serials.set(device, item.certificate.serial);
    rows.push(rowOf(line, device, papers, item.certificate.fingerprint, item.certificate.validTo));
  }
  return rows;
}

/** Waits for a hub that is busy or away, as imports do. */
function createCertificateSender({
  hub,
  signal,
  say,
}: SelectedIssue): (items: readonly DeviceCertificateRequest[], wasAsked: boolean) => Promise<CertificateBatchResult> {
  const send = createChunkSender<CertificateBatchResult>({ signal, say });
  return (items, wasAsked) => send((again) => hub.certificates.issueMany(items, again), wasAsked);
}

function rowOf(line: number, device: string, papers: Papers, fingerprint: string, expiresAt: number | null): RowResult {
  const credential = { kind: 'certificate' as const, id: fingerprint, username: device, secret: null, papers };
  return { line, id: device, status: 'created', code: null, reason: null, warnings: [], difference: {}, credential, expiresAt };
}

function paperRowOf({ id, status, code, reason, credential, expiresAt }: RowResult, dryRun: boolean, serial: string | null): PaperRow {
  const { certificateFile = null, keyFile = null } = credential?.papers ?? {};
  return {
    ...{ name: id ?? '', status: status === 'failed' ? 'failed' : dryRun ? 'planned' : 'issued', serial, expires: expiresAt, certificateFile, keyFile },
    ...{ passphrase: null, fingerprint: credential === null || dryRun ? null : credential.id, code, reason },
  };
}
