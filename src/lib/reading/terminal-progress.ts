/** Progress of long work on stderr: one line that is drawn over on a terminal, a line per interval elsewhere. */
export interface Progress {
  /** Shows it when it is time to. */
  update(text: () => string): void;
  /** Ends the line on a terminal, so that what follows begins at the left. */
  clear(): void;
}

export interface ProgressOptions {
  readonly terminal: boolean;
  write(text: string): void;
  now(): number;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 5000;

export function createProgress({ terminal, write, now }: ProgressOptions): Progress {
  const interval = terminal ? TERMINAL_MS : PLAIN_MS;
  let next = now() + interval;
  let shown = false;
  return {
    update(text) {
      if (now() < next) return;
      next = now() + interval;
      shown = terminal;
      write(terminal ? `\r\u001b[2K${text()}` : `${text()}\n`);
    },
    clear() {
      if (shown) write('\r\u001b[2K');
      shown = false;
    },
  };
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function thousands(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
