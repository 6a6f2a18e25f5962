import { Args, Flags } from '@oclif/core';
import { type Column, timeColumn } from '../../lib/cli/column.ts';
import { dryRunFlag, durationFlag, selectorFlag, yesFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { confirmUnless, secretFromStdin } from '../../lib/cli/prompt.ts';
import { readPublicPem } from '../../lib/cli/read-pem.ts';
import type { HubClient } from '../../lib/client/hub-client.ts';
import { KEY_KINDS } from '../../lib/domain/certificate.ts';
import type { PaperRow } from '../../lib/enrolment/issue-papers.ts';
import type { PaperPlace } from '../../lib/enrolment/papers.ts';
import { type ErrorCode, isErrorCode } from '../../lib/errors/catalogue.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';

const COLUMNS: readonly Column<PaperRow>[] = [
  { name: 'name', value: (row) => row.name },
  { name: 'status', value: (row) => row.status, keep: true },
  { name: 'serial', value: (row) => row.serial, drop: 2 },
  timeColumn('expires', (row) => row.expires, { drop: 1 }),
  { name: 'certificate', value: (row) => row.certificateFile, keep: true },
  { name: 'key', value: (row) => row.keyFile, keep: true },
  { name: 'passphrase', value: (row) => row.passphrase, keep: true },
  { name: 'code', value: (row) => row.code, wide: true },
  { name: 'reason', value: (row) => row.reason, wrap: true },
  { name: 'fingerprint', value: (row) => row.fingerprint, wide: true },
];

export default class CaIssue extends HubCommand<typeof CaIssue> {
  static override summary = 'Issue certificates to devices, to a claim, or to a server';
  static override description =
    `Makes a key for each, keeps it here, and writes both: NAME.pem (the certificate, then that of its authority) and NAME.key, or with --pkcs12 one NAME.p12. With --csr the device has made its key itself, and gets a certificate alone.

A device needs nothing else to log in: no user name over MQTT, no header over HTTPS. With several, one row for each; when some fail, the others are issued, and the exit code is 7.

With --selector to all devices that fit, a row for each in --results. A key is on the disk before the hub hears of it; with --resume a command that was killed goes on, asks again with the keys that it left (NAME.key.new), and what was lost on its way is superseded: each device has one certificate of it.`;
  static override args = { name: Args.string({ description: 'Devices, by id or alias; host names and addresses with --server', multiple: true }) };
  static override flags = {
    server: Flags.boolean({ summary: 'One certificate for a server, such as the hub itself, with all these names' }),
    claim: Flags.string({ summary: 'One certificate for all devices of a claim', helpValue: '<claim>', exclusive: ['server'] }),
    csr: Flags.string({
      summary: 'PEM file with a certificate signing request; - for stdin',
      helpValue: '<file>',
      exclusive: ['key', 'pkcs12', 'passphrase-stdin'],
    }),
    ca: Flags.string({ summary: 'Authority that signs; without it, the newest', helpValue: '<name>' }),
    key: Flags.option({ summary: 'Kind of the keys', options: KEY_KINDS, default: 'p256' as const })(),
    valid: durationFlag({ summary: 'How long they are valid; without it, ca.certificate-days of the hub' }),
    out: Flags.string({ summary: 'Directory to write to', helpValue: '<directory>', default: '.' }),
    pkcs12: Flags.boolean({ summary: 'PKCS #12 files; without --passphrase-stdin each gets a passphrase, which is shown once' }),
    'passphrase-stdin': Flags.boolean({ summary: 'Encrypt the keys with a passphrase, read from stdin' }),
    selector: selectorFlag('All devices that fit: conditions that hold all, such as site=paris,type=meter'),
    yes: yesFlag,
    'dry-run': dryRunFlag,
    results: Flags.string({ summary: 'With --selector: CSV file for what became of each device', helpValue: '<file>' }),
    resume: Flags.boolean({ summary: 'Go on behind the last row of the results', dependsOn: ['results'] }),
    'retry-failed': Flags.boolean({ summary: 'With --resume: try failed devices once more', dependsOn: ['resume'] }),
    force: Flags.boolean({ summary: 'Write over files that are there' }),
  };
  static override examples = [
    '<%= config.bin %> ca issue boiler-7 --out certificates',
    '<%= config.bin %> ca issue boiler-7 boiler-8 --pkcs12 --out certificates --json',
    {
      description: 'To all devices of a site, and on again after an interruption:',
      command: '<%= config.bin %> ca issue --selector site=paris --out certificates --results issued.csv --resume --yes',
    },
    '<%= config.bin %> ca issue boiler-7 --csr boiler-7.csr --valid 90d',
    {
      description: 'For the hub itself (muster serve --tls-cert hub.example.com.pem --tls-key hub.example.com.key):',
      command: '<%= config.bin %> ca issue --server hub.example.com 192.0.2.5',
    },
  ];

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const { flags } = this;
    const names = [...new Set(this.args.name ?? [])];
    const { claim } = flags;
    if (flags.selector !== undefined) return this.#issueSelected(flags.selector, names);
    for (const flag of ['results', 'dry-run'] as const) if (flags[flag]) throw new MusterError('usage', `--${flag} is for --selector.`, { details: { flag } });
    if ((names.length === 0) === (claim === undefined)) throw new MusterError('usage', 'Name devices, a server with --server, or a claim with --claim.');
    const shared = flags.server || claim !== undefined || flags.csr !== undefined;
    if (flags.csr !== undefined && names.length > 1 && !flags.server) throw new MusterError('usage', 'A request is of one device: name one alone.');
    const place: PaperPlace = {
      folder: flags.out,
      form: flags.pkcs12 ? 'pkcs12' : 'pem',
      passphrase: flags['passphrase-stdin'] ? await secretFromStdin('passphrase-stdin', this.signal) : null,
      force: flags.force,
    };
    const csr = flags.csr === undefined ? null : await readPublicPem(flags.csr, this.signal);
    const hub = await this.writable();
    const { checkPlace } = await import('../../lib/enrolment/papers.ts');
    await checkPlace(shared ? [claim ?? names[0] ?? ''] : names, place, csr === null);
    const rows: PaperRow[] = shared ? [await this.#issueOne(hub, names, csr, place)] : await this.#issueMany(hub, names, place);
    const [only] = rows;
    if (rows.length === 1 && only?.status === 'failed') throw failureOf(only);
    await this.print(rows, COLUMNS);
    if (rows.some(({ passphrase }) => passphrase !== null)) this.say('The passphrase is shown this once.');
    const failed = rows.filter(({ status }) => status === 'failed');
    if (failed.length === 0) return;
    throw new MusterError('partly_failed', `${failed.length} of ${rows.length} failed.`, { details: { failed: failed.map(({ name }) => name) } });
  }

  async #issueMany(hub: HubClient, names: readonly string[], place: PaperPlace): Promise<PaperRow[]> {
    const { issueToDevices } = await import('../../lib/enrolment/issue-papers.ts');
    const rows: PaperRow[] = [];
    for await (const row of issueToDevices(hub, names, { ...this.#wishes(), key: this.flags.key, place })) {
      rows.push(row);
      if (rows.length % 1000 === 0) this.say(`${rows.length} of ${names.length}`);
    }
    return rows;
  }

  async #issueSelected(selector: string, names: readonly string[]): Promise<void> {
    const { flags } = this;
    if (names.length > 0 || flags.server || flags.claim !== undefined || flags.csr !== undefined)
      throw new MusterError('usage', '--selector excludes names, --server, --claim and --csr.');
    if (flags.pkcs12 || flags['passphrase-stdin']) throw new MusterError('usage', '--selector writes PEM files: NAME.pem and NAME.key, without a passphrase.');
    const dryRun = flags['dry-run'];
    const hub = dryRun ? await this.hub() : await this.writable();
    const devices: string[] = [];
    for await (const { id } of hub.deviceBatches.select(selector)) devices.push(id);
    if (devices.length === 0) {
      this.say(`No device fits ${selector}.`);
      return this.print([], COLUMNS);
    }
    const [{ issueSelected }, { openIssued }] = await Promise.all([
      import('../../lib/enrolment/issue-selected.ts'),
      import('../../lib/enrolment/open-issued.ts'),
    ]);
    const { createProgress, thousands } = await import('../../lib/reading/terminal-progress.ts');
    const count = devices.length === 1 ? `the device ${devices[0]}` : `${thousands(devices.length)} devices`;
    if (!dryRun) await confirmUnless(flags.yes, `Issue certificates to ${count} (${selector})?`, this.signal);
    const { results, former } = dryRun
      ? { results: null, former: null }
      : await openIssued(flags.results, { resume: flags.resume, retryFailed: flags['retry-failed'] });
    const progress = createProgress({ terminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text), now: Date.now });
    const counts = { issued: 0, planned: 0, failed: 0 };
    const rows = issueSelected({
      ...{ hub, devices, key: flags.key, ...this.#wishes(), folder: flags.out, force: flags.force, dryRun, results, former, signal: this.signal },
      say: (text) => this.say(text),
      onProgress: (done) => progress.update(() => `${thousands(done)} of ${thousands(devices.length)} devices`),
    });
    async function* counted(): AsyncGenerator<PaperRow> {
      for await (const row of rows) {
        counts[row.status] += 1;
        yield row;
      }
    }
    try {
      await this.print(counted(), COLUMNS);
    } finally {
      progress.clear();
      await results?.close();
    }
    const before = former === null ? '' : ` ${thousands(former.rows.size)} have their row from before.`;
    this.say(
      dryRun ? `${thousands(counts.planned)} of ${count} would get a certificate.` : `${thousands(counts.issued)} of ${count} got a certificate.${before}`,
    );
    if (counts.failed > 0) throw new MusterError('partly_failed', `${thousands(counts.failed)} of ${count} failed.`, { details: { failed: counts.failed } });
  }

  async #issueOne(hub: HubClient, names: readonly string[], csr: string | null, place: PaperPlace): Promise<PaperRow> {
    const { publicPem, limitsOf, written } = await import('../../lib/enrolment/issue-papers.ts');
    const { makeKeyPair } = await import('../../lib/certificates/keys.ts');
    const { claim, server } = this.flags;
    const keys = csr === null ? await makeKeyPair(this.flags.key) : null;
    const asked = { ...limitsOf(this.#wishes()), ...(csr === null && keys !== null ? { publicKey: publicPem(keys) } : { csr: csr ?? '' }) };
    const issued = server
      ? await hub.certificates.issueServer({ names: [...names], ...asked })
      : await hub.certificates.issue(claim === undefined ? { device: names[0] ?? '', ...asked } : { claim, ...asked });
    return written(claim ?? names[0] ?? issued.name, issued, keys, place);
  }

  #wishes(): { ca: string | undefined; validSeconds: number | undefined } {
    const { ca, valid } = this.flags;
    return { ca, validSeconds: valid === undefined ? undefined : Math.max(1, Math.round(valid / 1000)) };
  }
}

function failureOf({ code, reason }: PaperRow): MusterError {
  const known = isErrorCode(code ?? '') ? (code as ErrorCode) : 'internal';
  return new MusterError(known, reason ?? 'it failed', known === 'not_found' ? { hint: 'List devices with `muster device list`.' } : {});
}
