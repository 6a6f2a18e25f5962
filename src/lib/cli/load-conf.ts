/**
 * Loads `conf` without what comes along: a package below it takes every ending signal and sends it again, so that a command that is
 * stopping in order would be ended by its own echo. Its listeners are taken off again.
 */
export async function loadConf(): Promise<typeof import('conf').default> {
  const events = SIGNALS.map((signal) => ({ signal, before: new Set(process.listeners(signal)) }));
  const { default: Conf } = await import('conf');
  for (const { signal, before } of events) {
    for (const listener of process.listeners(signal)) if (!before.has(listener)) process.off(signal, listener);
  }
  return Conf;
}

const SIGNALS: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGALRM',
  'SIGABRT',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGUSR2',
  'SIGTRAP',
  'SIGSYS',
  'SIGIO',
  'SIGPOLL',
  'SIGPWR',
  'SIGSTKFLT',
];
