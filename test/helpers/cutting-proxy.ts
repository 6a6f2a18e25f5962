import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface CuttingProxy {
  readonly url: string;
  /** The next connection that receives more than so many bytes from the hub is cut there. */
  cutAfter(bytes: number): void;
  /** Cuts every connection and takes no new one, until `open`. */
  close(): void;
  open(): void;
}

/** A TCP proxy in front of a hub: a link that breaks when the test says so. */
export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let limit = Number.POSITIVE_INFINITY;
  let closed = false;
  const server = createServer((client) => {
    if (closed) {
      client.destroy();
      return;
    }
    const hub = connect(Number(port), hostname);
    let received = 0;
    const end = (): void => {
      client.destroy();
      hub.destroy();
    };
    for (const socket of [client, hub]) {
      sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.pipe(hub);
    hub.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received <= limit) {
        // Slowly enough for the reader to keep what came before the cut.
        if (!client.write(chunk)) {
          hub.pause();
          client.once('drain', () => hub.resume());
        }
        return;
      }
      client.write(chunk.subarray(0, Math.max(0, chunk.length - (received - limit))), end);
      hub.pause();
      limit = Number.POSITIVE_INFINITY;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cutAll();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter(bytes) {
      limit = bytes;
    },
    close() {
      closed = true;
      cutAll();
    },
    open() {
      closed = false;
    },
  };
}
