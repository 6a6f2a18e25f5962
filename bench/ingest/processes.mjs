// What processes use, from /proc; null where there is none.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Seconds of processor time of a process with all of its threads. */
export async function cpuSeconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Of all of these: {name: seconds}. */
export async function cpuSecondsOf(processes) {
  return Object.fromEntries(await Promise.all(processes.map(async ({ name, pid }) => [name, await cpuSeconds(pid)])));
}

export function spent(before, after) {
  return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] === null ? null : after[name] - before[name]]));
}

export function sumOf(figures) {
  return Object.values(figures).reduce((sum, figure) => (sum === null || figure === null ? null : sum + figure), 0);
}

/** Seconds that each thread of a process has used: the event loop's as `main`, others by their ids, which grow with the time of their start. */
export async function threadSeconds(pid, threads) {
  const found = {};
  for (const thread of threads) {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => null);
    if (stat === null) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    found[Number(thread) === pid ? 'main' : `+${thread - pid}`] = (Number(fields[11]) + Number(fields[12])) / 100;
  }
  return found;
}

/** Resident memory, now or at its peak, in megabytes. */
export async function residentMb(pid, which = 'VmRSS') {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = new RegExp(`^${which}:\\s+(\\d+)`, 'm').exec(status)?.[1];
  return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
}

export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export function isInstalled(binary) {
  return spawnSync(binary, ['--help'], { stdio: 'ignore', timeout: 10_000 }).error === undefined;
}

/** Asks until the answer is neither null nor false. */
export async function until(what, ask, deadlineMs, everyMs = 20) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Ends a child in order, and for good after a while. */
export async function end(child, deadlineMs = 15_000) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
}
