import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../scope.ts';

/** A file system of its own that is full when the proof says so. */
export interface SmallDisk {
  readonly folder: string;
  freeBytes(): number;
  /** Takes all but so many bytes. */
  fill(leaveBytes: number): void;
  /** Gives it back. */
  empty(): void;
}

const CHUNK_BYTES = 64 * 1024;

export function whyNoSmallDisk(): string | null {
  if (process.platform !== 'linux') return 'a file system of a few megabytes needs Linux';
  if (process.getuid?.() !== 0) return 'mounting a tmpfs needs root';
  const folder = mkdtempSync(join(tmpdir(), 'muster-proof-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    execFileSync('umount', [folder], { stdio: 'pipe' });
    return null;
  } catch (error: unknown) {
    return `a tmpfs cannot be mounted here: ${String(error).slice(0, 200)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function mountSmallDisk(scope: Scope, megabytes: number): SmallDisk {
  const folder = mkdtempSync(join(tmpdir(), 'muster-proof-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', folder]);
  scope.defer(() => {
    // Lazy: whoever still has a file open there must not leave the mount behind for ever.
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const ballast = join(folder, 'ballast');
  mkdirSync(ballast);
  let files = 0;
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  };
  return {
    folder,
    freeBytes,
    fill(leaveBytes) {
      const file = openSync(join(ballast, String(files++)), 'w');
      try {
        while (freeBytes() > leaveBytes) writeSync(file, Buffer.alloc(Math.min(CHUNK_BYTES, freeBytes() - leaveBytes)));
      } catch (error: unknown) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
    },
    empty() {
      rmSync(ballast, { recursive: true });
      mkdirSync(ballast);
    },
  };
}
