import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface DirectoryProbe {
  readonly exists: boolean;
  /** The directory, or its nearest parent that exists. */
  readonly existing: string;
  /** `is not writable`, ... to follow the path in a sentence; null when it can be used. */
  readonly problem: string | null;
}

/** Whether a directory can be written, or created where it is missing. Changes nothing. */
export async function probeDirectory(directory: string): Promise<DirectoryProbe> {
  let existing = directory;
  for (;;) {
    const facts = await stat(existing).catch((error: NodeJS.ErrnoException) => error);
    if (!(facts instanceof Error)) {
      const exists = existing === directory;
      if (!facts.isDirectory()) return { exists, existing, problem: exists ? 'is not a directory' : `cannot be created: ${existing} is not a directory` };
      const writable = await access(existing, constants.W_OK | constants.X_OK).then(
        () => true,
        () => false,
      );
      if (writable) return { exists, existing, problem: null };
      return { exists, existing, problem: exists ? 'is not writable' : `cannot be created: ${existing} is not writable` };
    }
    const parent = dirname(existing);
    if ((facts.code !== 'ENOENT' && facts.code !== 'ENOTDIR') || parent === existing) {
      return { exists: false, existing, problem: `cannot be looked at (${facts.code ?? facts.message})` };
    }
    existing = parent;
  }
}
