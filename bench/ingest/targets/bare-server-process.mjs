// Accepts everybody, stores nothing, answers every QoS 1 message. What is slower than this is the hub's work.
import { createServer } from 'node:net';
import { createReader, PUBACK } from '../mqtt-bytes.mjs';

const CONNECT = 1;
const PUBLISH = 3;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  let answers = [];
  const read = createReader((header, bytes, from) => {
    if (header >> 4 === CONNECT) answers.push(0x20, 2, 0, 0);
    else if (header >> 4 === PUBLISH) {
      const at = from + 2 + ((bytes[from] << 8) | bytes[from + 1]);
      answers.push(PUBACK, 2, bytes[at], bytes[at + 1]);
    }
  });
  socket.on('data', (chunk) => {
    read(chunk);
    if (answers.length > 0) socket.write(Buffer.from(answers));
    answers = [];
  });
});
server.listen(0, '127.0.0.1', 2048, () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
