// Runs one command line after another, as bin/run.js runs one: the same built code, without a start of Node and of all modules for
// each. test/helpers/residents.ts tells it what to run, over the channel of the fork.
import { Readable } from 'node:stream';
import { execute } from '../../dist/main.js';

const START = new URL('../../bin/run.js', import.meta.url).href;
const SIGNALS = ['SIGINT', 'SIGTERM'];
const STREAMS = ['stdout', 'stderr'];
const end = process.exit.bind(process);
const written = Object.fromEntries(STREAMS.map((name) => [name, process[name].write]));
const said = { stdout: [], stderr: [] };
let exitCode;

// Whoever started this has gone.
process.once('disconnect', () => end(0));
// A command that failed ends its process: here only the command is over.
process.exit = (code) => {
  exitCode ??= code ?? process.exitCode ?? 0;
};

function keep(name) {
  said[name] = [];
  process[name].write = (chunk, encoding, done) => {
    said[name].push(Buffer.from(chunk));
    const whenWritten = typeof encoding === 'function' ? encoding : done;
    if (whenWritten) process.nextTick(whenWritten);
    return true;
  };
}

process.on('message', async ({ args, env, cwd, input, live }) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  // Null: it stays open, and nothing ever comes.
  const stdin = input === null ? new Readable({ read() {} }) : Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false });
  Object.defineProperty(process, 'stdin', { configurable: true, value: stdin });
  for (const name of STREAMS) {
    if (live) process[name].write = written[name];
    else keep(name);
  }
  exitCode = undefined;
  process.exitCode = undefined;
  await execute({ dir: START, args });
  const code = exitCode ?? process.exitCode ?? 0;
  process.exitCode = undefined;
  stdin.destroy();
  for (const signal of SIGNALS) process.removeAllListeners(signal);
  for (const name of STREAMS) process[name].removeAllListeners('error');
  const [stdout, stderr] = live ? ['', ''] : STREAMS.map((name) => Buffer.concat(said[name]).toString('utf8'));
  process.send({ code, stdout, stderr });
});
