import { rename, rm } from 'node:fs/promises';
import type { BatchResult } from '../api/schema/device-batch.ts';
import type { ChunkRow } from './chunk-rows.ts';
import { checkPlace, isWritten, type PaperPlace, type Papers, papersOf, writeCertificateFile, writeKeyFile } from './papers.ts';

/** The files of the devices of an import: the key is there before the hub hears of it, the certificate before the results say so. */
export interface RowPapers {
  of(device: string): Papers;
  /** Rows that are not to be sent, with the reason: their files are there, and belong to somebody else. */
  taken(rows: readonly ChunkRow[]): Promise<ReadonlyMap<ChunkRow, string>>;
  writeKeys(rows: readonly ChunkRow[]): Promise<void>;
  /** Keys of rows that got no certificate go. */
  writeCertificates(answers: ReadonlyMap<ChunkRow, BatchResult>): Promise<void>;
}

/** Files are made whole one by one; the disk takes several at once. */
const WRITTEN_AT_ONCE = 16;

/**
 * `mayExist`: files that are there are those of a device that is there: it keeps both, and one that is created anew gets others. Throws usage when the directory cannot be
 * made.
 */
export async function openRowPapers(folder: string, { mayExist }: { readonly mayExist: boolean }): Promise<RowPapers> {
  const place: PaperPlace = { folder, form: 'pem', passphrase: null, force: true };
  await checkPlace([], place);
  const of = (device: string): Papers => papersOf(device, place);
  /** Ids that differ in their colons alone have the same file. */
  const owners = new Map<string, string>();
  const filesOf = (row: ChunkRow): Papers => of(row.read.id ?? '');

  return {
    of,
    async taken(rows) {
      const taken = new Map<ChunkRow, string>();
      for (const row of rows) {
        const { id } = row.read;
        if (row.credential?.kind !== 'certificate' || id === null) continue;
        const { certificateFile, keyFile } = of(id);
        const owner = owners.get(certificateFile) ?? id;
        owners.set(certificateFile, owner);
        if (owner !== id) taken.set(row, `its files would be those of ${owner}: ${certificateFile}`);
        else if (!mayExist && !row.mayBeThere && ((await isWritten(certificateFile)) || (keyFile !== null && (await isWritten(keyFile)))))
          taken.set(row, `${certificateFile} or its key exists already`);
      }
      return taken;
    },
    writeKeys: (rows) =>
      each(rows, async (row) => {
        if (row.credential?.kind === 'certificate') await writeKeyFile(newKeyOf(filesOf(row)), row.credential.secret);
      }),
    writeCertificates: (answers) =>
      each([...answers], async ([row, { credential }]) => {
        if (row.credential?.kind !== 'certificate') return;
        const papers = filesOf(row);
        const { certificate = null, caCertificate = null } = credential ?? {};
        const key = newKeyOf(papers);
        if (certificate === null) return rm(key, { force: true });
        await rename(key, papers.keyFile ?? key);
        await writeCertificateFile(papers, `${certificate}${caCertificate ?? ''}`);
      }),
  };
}

/** Until the hub has answered: the device may have another already, and keep it. */
function newKeyOf({ keyFile }: Papers): string {
  return `${keyFile}.new`;
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += WRITTEN_AT_ONCE) await Promise.all(items.slice(start, start + WRITTEN_AT_ONCE).map(work));
}
