export interface ProgressOptions {
  readonly terminal: boolean;
  readonly write: (text: string) => void;
  /** What to say now; called at each turn. */
  readonly line: () => string;
  /** ms between lines where there is no terminal. */
  readonly everyMs?: number;
}

const REDRAW_MS = 200;
const LINE_EVERY_MS = 5_000;

/** A status line that is drawn again in its place on a terminal, and a line per interval elsewhere. */
export function startProgress({ terminal, write, line, everyMs = LINE_EVERY_MS }: ProgressOptions): { stop(): void } {
  const draw = () => write(terminal ? `\r\u001b[2K${line()}` : `${line()}\n`);
  const timer = setInterval(draw, terminal ? REDRAW_MS : everyMs);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      if (terminal) write('\r\u001b[2K');
    },
  };
}
