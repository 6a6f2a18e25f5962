// The subscriber between mosquitto and VictoriaMetrics, as cheap as JavaScript allows: reads PUBLISH packets from the bytes, answers those of
// one read with one write, turns a message into one line of Influx's line protocol and posts many lines at once.
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { CONNACK, connectPacket, createReader, PUBACK, SUBACK, subscribePacket } from '../mqtt-bytes.mjs';

const READ_BYTES = 1024 * 1024;
const LINES_PER_POST = 10_000;
const POSTS_AT_ONCE = 2;
/** A batch leaves when it is full, or after so long. */
const POST_AFTER_MS = 20;
/** Beyond it the socket is not read: the broker keeps what comes. */
const WAITING_MAX = 16;
const TOLD_EVERY_MS = 20;
const [port, victoriaPort] = process.argv.slice(2).map(Number);

const agent = new Agent({ keepAlive: true, maxSockets: POSTS_AT_ONCE });
const prefixes = new Map();
const buffer = Buffer.allocUnsafe(READ_BYTES);
const acknowledgements = Buffer.allocUnsafe(READ_BYTES);
let acknowledgementBytes = 0;
let text = '';
let lines = 0;
let posting = 0;
let written = 0;
let told = 0;
let timer = null;
const waiting = [];

const read = createReader((header, bytes, from, to) => {
  if (header >> 4 === 3) take(header, bytes, from, to);
  else if (header === CONNACK) socket.write(subscribePacket('devices/+/report', 1));
  else if (header === SUBACK) process.send({ ready: true });
});
const socket = connect({
  host: '127.0.0.1',
  port,
  noDelay: true,
  onread: {
    buffer,
    callback: (length) => {
      read(buffer.subarray(0, length));
      if (acknowledgementBytes > 0) {
        socket.write(Buffer.from(acknowledgements.subarray(0, acknowledgementBytes)));
        acknowledgementBytes = 0;
      }
      if (waiting.length >= WAITING_MAX) socket.pause();
      return true;
    },
  },
});
socket.write(connectPacket('victoria-writer'));
socket.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
setInterval(() => {
  if (told === written) return;
  told = written;
  process.send({ written });
}, TOLD_EVERY_MS);

function take(header, bytes, from, to) {
  const topicEnd = from + 2 + ((bytes[from] << 8) | bytes[from + 1]);
  const topic = bytes.latin1Slice(from + 2, topicEnd);
  let payloadAt = topicEnd;
  if ((header & 0b110) !== 0) {
    acknowledgements[acknowledgementBytes] = PUBACK;
    acknowledgements[acknowledgementBytes + 1] = 2;
    acknowledgements[acknowledgementBytes + 2] = bytes[topicEnd];
    acknowledgements[acknowledgementBytes + 3] = bytes[topicEnd + 1];
    acknowledgementBytes += 4;
    payloadAt += 2;
  }
  let prefix = prefixes.get(topic);
  if (prefix === undefined) {
    prefix = `report,device=${topic.split('/')[1]} `;
    prefixes.set(topic, prefix);
  }
  const { ts, values } = JSON.parse(bytes.utf8Slice(payloadAt, to));
  let line = prefix;
  let separator = '';
  for (const path in values) {
    line += `${separator}${path}=${values[path]}`;
    separator = ',';
  }
  text += `${line} ${ts}\n`;
  lines += 1;
  if (lines >= LINES_PER_POST) flush();
  else timer ??= setTimeout(flush, POST_AFTER_MS);
}

function flush() {
  clearTimeout(timer);
  timer = null;
  if (lines > 0) waiting.push({ text, lines });
  text = '';
  lines = 0;
  postNext();
}

function postNext() {
  while (posting < POSTS_AT_ONCE && waiting.length > 0) post(waiting.shift());
  if (waiting.length < WAITING_MAX && socket.isPaused()) socket.resume();
}

function post(batch) {
  posting += 1;
  const body = Buffer.from(batch.text, 'latin1');
  const out = request(
    { host: '127.0.0.1', port: victoriaPort, path: '/write?precision=ms', method: 'POST', agent, headers: { 'content-length': body.length } },
    (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode !== 204 && answer.statusCode !== 200) {
          process.stderr.write(`VictoriaMetrics answered ${answer.statusCode}\n`);
          process.exit(1);
        }
        posting -= 1;
        written += batch.lines;
        postNext();
      });
    },
  );
  out.on('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  out.end(body);
}
