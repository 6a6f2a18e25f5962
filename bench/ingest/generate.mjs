// Runs the generator in a process of its own.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WARM_UP_MS = 2000;
const REPORT_MS = 10_000;

/** The data points of a message of so many. */
export function pathsOf(points) {
  return Array.from({ length: points }, (_, index) => `point${index + 1}`);
}

/**
 * Plan: {port, devices: {id, secret?}[], points, window, seconds, rate?: messages per second in an open loop, baseTime?}.
 * Hooks, awaited in this order: measuring({acknowledged} so far), interval(figures) every ten seconds, measured(), answered() when everything sent is acknowledged
 * and the connections are still open.
 * Resolves with {sent, acknowledged, messagesPerSecond, p50Ms, p99Ms, p999Ms, maxMs, generatorCpuPercent, generatorCpuSeconds, startedAt}.
 */
export async function generate(plan, hooks = {}) {
  const child = fork(fileURLToPath(new URL('generator.mjs', import.meta.url)));
  try {
    return await new Promise((resolve, reject) => {
      let startedAt = 0;
      let work = Promise.resolve();
      const call = (hook, ...given) => {
        work = work.then(() => hooks[hook]?.(...given));
        work.catch(reject);
        return work;
      };
      child.once('exit', (code) => reject(new Error(`the generator ended with ${code}`)));
      child.on('message', async ({ type, ...figures }) => {
        if (type === 'failed') reject(new Error(figures.reason));
        else if (type === 'started') startedAt = performance.now();
        else if (type === 'result') {
          await call('answered').catch(() => undefined);
          child.send('end');
          resolve({ ...figures, startedAt });
        } else call(type, figures).catch(() => undefined);
      });
      child.send({
        host: '127.0.0.1',
        rate: null,
        warmUpMs: WARM_UP_MS,
        reportMs: REPORT_MS,
        baseTime: Date.now() - 60_000,
        ...plan,
        points: pathsOf(plan.points),
      });
    });
  } finally {
    child.removeAllListeners('exit');
    if (child.connected && child.exitCode === null) setTimeout(() => child.kill(), 2000).unref();
  }
}
