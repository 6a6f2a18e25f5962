import { stat } from 'node:fs/promises';
import { createHubClient } from '../client/hub-client.ts';
import { dataDirectory } from '../config/data-directory.ts';
import { MusterError, messageOf } from '../errors/muster-error.ts';
import type { Surroundings, Target } from './check.ts';

export interface ChosenHub {
  readonly url: string;
  readonly token: string | null;
  readonly project: string | null;
  readonly ca: string | null;
  readonly context: string | null;
}

/** Looks around without judging. `chooseHub` may throw: then that is the finding of one check, and the others still run. */
export async function lookAround(options: {
  readonly version: string;
  readonly contextFile: string;
  readonly timeoutMs: number;
  readonly chooseHub: () => ChosenHub;
}): Promise<Surroundings> {
  // Before the hub is chosen, because reading the file closes it to others.
  const contextFileMode = process.platform === 'win32' ? null : await modeOf(options.contextFile);
  return {
    version: options.version,
    dataDirectory: dataDirectory({ data: process.env.MUSTER_DATA || null }),
    contextFile: options.contextFile,
    contextFileMode,
    target: targetOf(options.chooseHub, options.timeoutMs),
  };
}

function targetOf(chooseHub: () => ChosenHub, timeoutMs: number): Target | MusterError {
  try {
    const chosen = chooseHub();
    return { url: chosen.url, context: chosen.context, hasToken: chosen.token !== null, ca: chosen.ca, client: createHubClient({ ...chosen, timeoutMs }) };
  } catch (error) {
    return error instanceof MusterError ? error : new MusterError('internal', messageOf(error), { cause: error });
  }
}

async function modeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).mode;
  } catch {
    return null;
  }
}
