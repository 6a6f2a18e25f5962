import { Flags } from '@oclif/core';

/** Of the commands that read manifests. */
export const manifestFlags = {
  file: Flags.string({
    char: 'f',
    summary: 'YAML or JSON file, or a directory of them; - for stdin; repeats',
    helpValue: '<file>',
    required: true,
    multiple: true,
    multipleNonGreedy: true,
  }),
  set: Flags.string({ summary: 'What is applied together, for --prune: a name', helpValue: '<name>', default: 'default' }),
};
