import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { defaultDataDirectory } from '../config/data-directory.ts';
import type { Settings } from '../config/settings.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';

/** Makes the data directory, readable by its owner alone. An ephemeral one is removed by `discard`. */
export async function openDataDirectory(settings: Settings): Promise<{ readonly folder: string; discard(): Promise<void> }> {
  if (settings.ephemeral) {
    const folder = await mkdtemp(join(tmpdir(), 'muster-'));
    return { folder, discard: () => rm(folder, { recursive: true, force: true }) };
  }
  const folder = settings.data ?? defaultDataDirectory();
  try {
    await makeFolder(folder, 0o700);
  } catch (error: unknown) {
    throw new MusterError('storage_failed', `the data directory ${folder} cannot be made: ${messageOf(error)}`, {
      cause: error,
      hint: 'Choose another with --data.',
    });
  }
  return { folder, discard: async () => undefined };
}

/** Level by level: Node's own recursive mkdir never ends below /proc, where the missing level cannot be made. */
async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await mkdir(folder, mode);
  } catch (error: unknown) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(folder) === folder || existsSync(dirname(folder))) throw error;
    await makeFolder(dirname(folder), mode);
    await mkdir(folder, mode);
  }
}

/** Makes the folder for files of the moment, without what an interrupted export left behind. Only for whoever holds the lock. */
export async function openTemporaryFolder(folder: string): Promise<string> {
  const path = join(folder, 'tmp');
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  return path;
}

/** Written whole or not at all, for the owner's eyes: readers wait for the file to appear and may find a token in it. */
export async function writePrivately(path: string, text: string): Promise<void> {
  await makeFolder(dirname(path));
  const temporary = `${path}.${process.pid}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}

/** As they are, whatever is in them. */
export async function readTlsFiles({
  'tls.cert': cert,
  'tls.key': key,
}: Pick<Settings, 'tls.cert' | 'tls.key'>): Promise<{ readonly cert: Buffer; readonly key: Buffer }> {
  return { cert: await readFile(cert ?? ''), key: await readFile(key ?? '') };
}

/** The PEM files of the settings; null when there are none. */
export async function readTls(settings: Settings): Promise<{ readonly cert: Buffer; readonly key: Buffer } | null> {
  if (settings['tls.cert'] === null || settings['tls.key'] === null) return null;
  try {
    const files = await readTlsFiles(settings);
    // Throws for what is no PEM, and for a key that does not belong to the certificate.
    createSecureContext(files);
    return files;
  } catch (error: unknown) {
    throw new MusterError('invalid_settings', `the TLS files cannot be used: ${messageOf(error)}`, { cause: error });
  }
}
