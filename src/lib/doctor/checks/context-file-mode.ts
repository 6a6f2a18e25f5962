import { type Check, type Finding, ok, warn } from '../check.ts';

export const contextFileMode: Check = {
  name: 'context file',
  run: async (surroundings) => judgeFileMode(surroundings.contextFile, surroundings.contextFileMode),
};

/** The file holds tokens: it is for its owner alone. Commands mend the mode when they read it, so this tells what was found before. */
export function judgeFileMode(file: string, mode: number | null, platform: NodeJS.Platform = process.platform): Finding {
  if (mode === null) return { level: 'skipped', text: platform === 'win32' ? 'Windows has no mode bits' : `${file} does not exist yet`, hint: null };
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  if ((mode & 0o077) === 0) return ok(`${file} is open to you alone (mode ${bits})`);
  return warn(`${file} holds tokens and was open to others (mode ${bits})`, 'It is closed now. If others use this machine, revoke the tokens and log in anew.');
}
