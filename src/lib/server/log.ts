import pino from 'pino';
import type { Settings } from '../config/settings.ts';
import type { Log } from '../domain/log.ts';

/** Writes to stderr: stdout is for data. */
export function createLog(
  level: Settings['log.level'],
  format: Settings['log.format'],
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const logger = pino(
    { level, base: null, serializers: { cause: describe, error: describe } },
    { write: format === 'json' ? write : (line) => write(asText(line)) },
  );
  return {
    debug: (facts, sentence) => logger.debug(facts, sentence),
    info: (facts, sentence) => logger.info(facts, sentence),
    warn: (facts, sentence) => logger.warn(facts, sentence),
    error: (facts, sentence) => logger.error(facts, sentence),
  };
}

function describe(error: unknown): unknown {
  return error instanceof Error ? { message: error.message, stack: error.stack?.split('\n').slice(1, 6).join(' ').replaceAll(/\s+/g, ' ') } : error;
}

const LEVELS: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };

/** Needs no quotes. */
const PLAIN = /^[!#-<>-~]+$/;

function asText(line: string): string {
  const { level, time, msg, ...facts } = JSON.parse(line) as { level: number; time: number; msg: string } & Record<string, unknown>;
  const pairs = Object.entries(facts).map(([name, value]) => ` ${name}=${typeof value === 'string' && PLAIN.test(value) ? value : JSON.stringify(value)}`);
  // Some of it comes from strangers: it must neither begin a line of its own nor talk to the terminal.
  return `${new Date(time).toISOString()} ${(LEVELS[level] ?? '').padEnd(5)} ${msg.replaceAll(/\p{Cc}/gu, ' ')}${pairs.join('')}\n`;
}
