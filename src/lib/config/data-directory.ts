import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { Settings } from './settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a hub keeps its data without a setting, by the XDG base directory specification; on Windows below %LOCALAPPDATA%. */
export function defaultDataDirectory(env: Environment = process.env, platform: NodeJS.Platform = process.platform): string {
  if (given(env.XDG_DATA_HOME)) return join(env.XDG_DATA_HOME, 'muster');
  if (platform === 'win32' && given(env.LOCALAPPDATA)) return join(env.LOCALAPPDATA, 'muster');
  return join(given(env.HOME) ? env.HOME : homedir(), '.local', 'share', 'muster');
}

/** The absolute data directory of these settings (not of an ephemeral hub, which makes its own). */
export function dataDirectory(settings: Pick<Settings, 'data'>, env: Environment = process.env): string {
  return settings.data === null ? defaultDataDirectory(env) : resolve(settings.data);
}

// "All paths set in these environment variables must be absolute. If [...] relative [...] ignore it." XDG base directory 0.8.
function given(path: string | undefined): path is string {
  return path !== undefined && path !== '' && isAbsolute(path);
}
