import { Flags } from '@oclif/core';

/** The flags that configure a channel. */
export const CONFIG_FLAGS = {
  set: Flags.string({
    summary: 'A part of its configuration; with @file the text of a file, @- of stdin; lists repeat; repeats',
    helpValue: '<name=value>',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'secret-file': Flags.string({
    summary: 'A secret from a file, - for stdin; without a name the first secret of its kind; repeats',
    helpValue: '<[name=]file>',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'secret-env': Flags.string({
    summary: 'A secret from the environment; without a name the first secret of its kind; repeats',
    helpValue: '<[name=]variable>',
    multiple: true,
    multipleNonGreedy: true,
  }),
};
