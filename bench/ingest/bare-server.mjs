// The reference: accepts everybody, stores nothing, answers every QoS 1 message. What is slower than this is the hub's work.
import { createServer } from 'node:net';
import { createReader } from './mqtt-bytes.mjs';

const CONNECT = 1;
const PUBLISH = 3;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  let answers = [];
  const read = createReader((header, body) => {
    if (header >> 4 === CONNECT) answers.push(Buffer.from([0x20, 2, 0, 0]));
    else if (header >> 4 === PUBLISH) {
      const at = 2 + ((body[0] << 8) | body[1]);
      answers.push(Buffer.from([0x40, 2, body[at], body[at + 1]]));
    }
  });
  socket.on('data', (chunk) => {
    read(chunk);
    if (answers.length > 0) socket.write(answers.length === 1 ? answers[0] : Buffer.concat(answers));
    answers = [];
  });
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit(0));
