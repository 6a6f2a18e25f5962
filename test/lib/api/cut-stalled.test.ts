import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { cutStalled } from '../../../src/lib/api/cut-stalled.ts';

async function answering(stallMs: number, answer: (response: ServerResponse) => void) {
  let ended: (how: string) => void = () => undefined;
  const end = new Promise<string>((resolve) => (ended = resolve));
  const server = createServer((_request, response) => {
    cutStalled(response, stallMs);
    let isFinished = false;
    response.once('finish', () => (isFinished = true));
    response.once('close', () => ended(isFinished ? 'finished' : 'cut'));
    answer(response);
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  return { socket, end };
}

it('cuts a client that takes nothing of what waits for it', async () => {
  const { socket, end } = await answering(200, (response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(256 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  socket.pause();
  expect(await end).toBe('cut');
});

it('waits for an answer that is slow to make', async () => {
  const { socket, end } = await answering(40, (response) => {
    response.write('a');
    setTimeout(() => response.end('b'), 300);
  });
  socket.resume();
  expect(await end).toBe('finished');
});
