import type { ServerResponse } from 'node:http';

const LOOKS_PER_STALL = 4;
/** Less than this in the time of a stall is nothing: a file that leaves byte by byte holds its place as long. */
const TAKEN_BYTES_MIN = 16_384;

/** Ends an answer whose client takes nothing, or next to nothing, of what waits for it for `stallMs`. What is slow to make is waited for. */
export function cutStalled(response: ServerResponse, stallMs: number): void {
  const { socket } = response;
  if (socket === null) return;
  const taken = () => socket.bytesWritten - socket.writableLength;
  let takenThen = taken();
  let since = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (socket.writableLength === 0 || taken() - takenThen >= TAKEN_BYTES_MIN) {
      takenThen = taken();
      since = now;
    } else if (now - since >= stallMs) response.destroy();
  }, stallMs / LOOKS_PER_STALL);
  timer.unref();
  response.once('close', () => clearInterval(timer));
}
