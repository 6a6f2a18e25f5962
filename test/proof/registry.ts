import { commands } from './commands/commands.ts';
import { corruption } from './corruption/corruption.ts';
import { diskFull } from './disk-full/disk-full.ts';
import { fuzz } from './fuzz/fuzz.ts';
import { importing } from './import/import.ts';
import { kill } from './kill/kill.ts';
import { overload } from './overload/overload.ts';
import type { Proof } from './proof.ts';
import { rude } from './rude/rude.ts';

export const PROOFS: readonly Proof[] = [kill, importing, commands, diskFull, corruption, overload, rude, fuzz];
