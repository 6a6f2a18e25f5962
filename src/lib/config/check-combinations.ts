import { readFile } from 'node:fs/promises';
import { messageOf } from '../errors/muster-error.ts';
import { isLoopback } from './loopback.ts';
import type { SettingName, Settings } from './settings.ts';

export interface Combination {
  readonly setting: SettingName;
  readonly problem: string;
}

/** What is wrong between settings that are right each for itself. Reads the PEM files. */
export async function checkCombinations(settings: Settings): Promise<Combination[]> {
  return [...exposure(settings), ...ports(settings), ...(await certificate(settings))];
}

function exposure(settings: Settings): Combination[] {
  const problems: Combination[] = [];
  if (isLoopback(settings.host)) return problems;
  if (settings['mqtt.open']) {
    problems.push({ setting: 'mqtt.open', problem: `is allowed on a loopback address only, and host is ${settings.host}` });
  }
  if (settings['allow-insecure']) return problems;
  const secured = settings['tls.cert'] !== null;
  if (!secured) {
    problems.push({ setting: 'host', problem: `${settings.host} is a public address: set tls.cert and tls.key, or allow-insecure` });
  } else if (settings['mqtt.port'] !== null) {
    problems.push({
      setting: 'mqtt.port',
      problem: `would speak MQTT without TLS on the public address ${settings.host}: set it to null and use mqtts.port, or set allow-insecure`,
    });
  }
  return problems;
}

const PORTS = ['http.port', 'mqtt.port', 'mqtts.port'] as const;

function ports(settings: Settings): Combination[] {
  const problems: Combination[] = [];
  for (const [index, setting] of PORTS.entries()) {
    const port = settings[setting];
    const other = PORTS.slice(0, index).find((name) => settings[name] === port);
    if (port !== null && port !== 0 && other !== undefined) problems.push({ setting, problem: `takes port ${port}, and so does ${other}` });
  }
  if (settings['mqtts.port'] !== null && settings['tls.cert'] === null) problems.push({ setting: 'mqtts.port', problem: 'needs tls.cert and tls.key' });
  return problems;
}

async function certificate(settings: Settings): Promise<Combination[]> {
  const cert = settings['tls.cert'];
  const key = settings['tls.key'];
  if (cert === null && key === null) return [];
  const problems: Combination[] = [];
  if (key === null) problems.push({ setting: 'tls.key', problem: 'is missing: tls.cert needs its private key' });
  if (cert === null) problems.push({ setting: 'tls.cert', problem: 'is missing: tls.key needs its certificate' });
  // The one that is there may be wrong as well: all is told at once.
  const [certText, keyText] = await Promise.all([readPem('tls.cert', cert, problems), readPem('tls.key', key, problems)]);
  const { createSecureContext } = await import('node:tls');
  if (certText !== null && !accepts(() => createSecureContext({ cert: certText }))) {
    problems.push({ setting: 'tls.cert', problem: 'is not a certificate in PEM form' });
  }
  if (keyText !== null && !accepts(() => createSecureContext({ key: keyText }))) {
    problems.push({ setting: 'tls.key', problem: 'is not a private key in PEM form without a passphrase' });
  }
  if (problems.length === 0 && certText !== null && keyText !== null && !accepts(() => createSecureContext({ cert: certText, key: keyText }))) {
    problems.push({ setting: 'tls.key', problem: 'does not belong to the certificate of tls.cert' });
  }
  return problems;
}

// The text of OpenSSL's error helps nobody, and that of a key could hold a part of it.
function accepts(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

async function readPem(setting: SettingName, file: string | null, problems: Combination[]): Promise<string | null> {
  if (file === null) return null;
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    problems.push({ setting, problem: `cannot be read: ${messageOf(error)}` });
    return null;
  }
}
