import type { Check } from './check.ts';
import { clock } from './checks/clock.ts';
import { configDirectory } from './checks/config-directory.ts';
import { context } from './checks/context.ts';
import { contextFileMode } from './checks/context-file-mode.ts';
import { dataDirectory } from './checks/data-directory.ts';
import { hub } from './checks/hub.ts';
import { hubVersion } from './checks/hub-version.ts';
import { mqtt } from './checks/mqtt.ts';
import { nativePackages } from './checks/native-packages.ts';
import { nodeVersion } from './checks/node-version.ts';
import { token } from './checks/token.ts';

/** From this machine outwards, in the order they are printed. */
export const CHECKS: readonly Check[] = [
  nodeVersion,
  nativePackages,
  dataDirectory,
  configDirectory,
  contextFileMode,
  context,
  hub,
  token,
  hubVersion,
  clock,
  mqtt,
];
