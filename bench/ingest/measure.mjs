// One target under one load: start, load, count what it holds, stop.
import { generate } from './generate.mjs';
import { cpuSecondsOf, residentMb, spent, sumOf, threadSeconds } from './processes.mjs';

/**
 * `start`: () => target. Load: {points, connections, window, seconds, rate?}. `onInterval(figures)` every ten seconds.
 *
 * Figures: messagesPerSecond and pointsPerSecond acknowledged in the time measured · storedPerSecond: points from the first message until the
 * target answers for all of them · cpuSecondsPerMillion points, of the target's processes, from the end of the warm-up until all is stored ·
 * peakMb, their resident memory · p50Ms ... of the acknowledgements. Throws unless acknowledged = stored.
 */
export async function measure(start, load, onInterval = () => undefined) {
  const target = await start(load);
  try {
    return await measureStarted(target, load, onInterval);
  } catch (error) {
    throw new Error(`${target.name}, ${load.points} points: ${error.message}`, { cause: error });
  } finally {
    await target.stop();
  }
}

/** The same on a target that runs, perhaps not for the first time: `before` counts what it holds already, `baseTime` must be new to it. */
export async function measureStarted(target, load, onInterval = () => undefined, { before = 0, baseTime } = {}) {
  const { points, window, seconds, rate = null } = load;
  let warmUp = 0;
  let cpu = { measuring: null, measured: null };
  let threads = { measuring: null, measured: null };
  const result = await generate(
    { port: target.port, devices: target.devices, points, window, seconds, rate, ...(baseTime !== undefined && { baseTime }) },
    {
      async measuring({ acknowledged }) {
        warmUp = acknowledged;
        cpu = { ...cpu, measuring: { of: await cpuSecondsOf(target.processes), at: performance.now() } };
        threads = { ...threads, measuring: await threadsOf(target) };
      },
      async measured() {
        cpu = { ...cpu, measured: { of: await cpuSecondsOf(target.processes), at: performance.now() } };
        threads = { ...threads, measured: await threadsOf(target) };
      },
      interval: async (figures) => onInterval({ ...figures, pointsPerSecond: figures.messagesPerSecond * points, ...(await target.levels?.()) }),
    },
  );
  await target.settled?.(result.acknowledged);
  const settledAt = performance.now();
  const cpuAfter = await cpuSecondsOf(target.processes);
  const pointsAcknowledged = result.acknowledged * points;
  const stored = await target.stored(before + pointsAcknowledged);
  if (stored !== null && stored - before !== pointsAcknowledged)
    throw new Error(`${pointsAcknowledged} points were acknowledged and ${stored - before} are stored`);
  const used = sumOf(spent(cpu.measuring.of, cpuAfter));
  const wallSeconds = (cpu.measured.at - cpu.measuring.at) / 1000;
  const peaks = await Promise.all(target.processes.map(({ pid }) => residentMb(pid, 'VmHWM')));
  const { startedAt, sendingMs, ...figures } = result;
  return {
    target: target.name,
    points,
    ...figures,
    pointsPerSecond: result.messagesPerSecond * points,
    storedPerSecond: stored === null ? null : Math.round(pointsAcknowledged / ((settledAt - startedAt) / 1000)),
    pointsAcknowledged,
    pointsStored: stored === null ? null : stored - before,
    cpuPercent: percents(spent(cpu.measuring.of, cpu.measured.of), wallSeconds),
    threadPercent: threads.measuring === null || threads.measured === null ? null : busy(percents(spent(threads.measuring, threads.measured), wallSeconds)),
    cpuSecondsPerMillion: used === null ? null : Math.round((used / (pointsAcknowledged - warmUp * points)) * 1e8) / 100,
    peakMb: peaks.includes(null) ? null : peaks.reduce((sum, mb) => sum + mb, 0),
  };
}

async function threadsOf(target) {
  return target.threads ? threadSeconds(target.processes[0].pid, await target.threads()) : null;
}

function percents(seconds, wallSeconds) {
  return Object.fromEntries(Object.entries(seconds).map(([name, own]) => [name, own === null ? null : Math.round((own / wallSeconds) * 100)]));
}

/** Most threads of a process wait. */
function busy(percentsOfThreads) {
  return Object.fromEntries(Object.entries(percentsOfThreads).filter(([, percent]) => percent > 0));
}
