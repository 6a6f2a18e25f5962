import { Args, Flags } from '@oclif/core';

import { awaitCommand, failUnlessApplied } from '../../../lib/cli/await-command.ts';
import { expiryFlag, WAIT_DEFAULT_MS, waitFlags } from '../../../lib/cli/command-flags.ts';
import { CONFIG_PREVIEW_COLUMNS, CONFIG_VERSION_COLUMNS, JSON_CHANGE_COLUMNS } from '../../../lib/cli/config-columns.ts';
import { ConfigCommand, checkOneOrMany } from '../../../lib/cli/config-command.ts';
import { patchOf, readDocument } from '../../../lib/cli/config-document.ts';
import { dryRunFlag } from '../../../lib/cli/flags.ts';
import { jobFlags } from '../../../lib/cli/job-flags.ts';
import { jsonDifference, mergePatch } from '../../../lib/domain/json-difference.ts';
import type { JsonObject } from '../../../lib/domain/value.ts';
import { MusterError } from '../../../lib/errors/muster-error.ts';

export default class DeviceConfigSet extends ConfigCommand<typeof DeviceConfigSet> {
  static override summary = 'Want a configuration of a device, or of many, as a new version';
  static override description =
    'The whole document from a file, or single values with --set, merged into the one that is wanted. The hub checks it against the schema of the type, keeps it as a version and gives it to the device now, or when it is back. With --set and --merge nothing that others change meanwhile is lost: it is refused then (exit code 5). With --selector it is a job over all devices that fit: --file without --merge gives all of them the same whole document; --set and --merge change those values in what is wanted of each when it is its turn, and leave the rest of each as it is.';
  static override usage = [
    'device config set DEVICE (--file FILE [--merge] | --set NAME=VALUE...)',
    'device config set --selector SELECTOR (--file FILE [--merge] | --set NAME=VALUE...)',
  ];
  static override args = { device: Args.string({ description: 'Id of the device, or an alias as kind:value; with --selector, none' }) };
  static override flags = {
    file: Flags.string({ summary: 'YAML or JSON file with the document; - for stdin', helpValue: '<file>' }),
    set: Flags.string({
      summary: 'A value to merge, JSON or text; null removes; names are joined by dots; repeats',
      helpValue: '<name=value>',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['file'],
    }),
    merge: Flags.boolean({ summary: 'The file holds only what changes (JSON merge patch, RFC 7396)', dependsOn: ['file'] }),
    'if-version': Flags.integer({
      summary: 'Only if this version is wanted now; 0: none is. With --selector: only devices of which it is',
      helpValue: '<n>',
      min: 0,
    }),
    comment: Flags.string({ char: 'm', summary: 'Why, for the history', helpValue: '<text>' }),
    expires: expiryFlag,
    ...waitFlags,
    ...jobFlags,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> device config set boiler-7 --file config.yaml --comment "new network"',
    '<%= config.bin %> device config set boiler-7 --set interval=60 --set network.dhcp=false --dry-run',
    '<%= config.bin %> device config set boiler-7 --set interval=60 --if-version 2',
    {
      description: 'Many: what would change, and on how many',
      command: '<%= config.bin %> device config set --selector site=paris --set interval=60 --dry-run',
    },
    {
      description: 'A few of them first; it stops when more than 5 % fail:',
      command:
        "<%= config.bin %> device config set --selector 'site=paris,id=boiler-*' --set interval=60 --stages 1,10,100 --max-failures 5% --expires 1h --yes",
    },
  ];

  async run(): Promise<void> {
    const { device } = this.args;
    const { flags } = this;
    const { selector, comment = null } = flags;
    checkOneOrMany(device, selector);
    if (flags.file === undefined && flags.set === undefined)
      throw new MusterError('usage', 'There is nothing to set.', { hint: 'Give --file with the document, or --set with single values.' });
    if (flags['dry-run']) this.checkColumns(selector === undefined ? JSON_CHANGE_COLUMNS : CONFIG_PREVIEW_COLUMNS);
    else if (selector === undefined) this.checkColumns(CONFIG_VERSION_COLUMNS);
    const given = flags.file === undefined ? patchOf(flags.set ?? []) : await readDocument(flags.file, this.signal);
    const isPatch = flags.file === undefined || flags.merge;
    if (selector !== undefined) {
      const what = { comment, ifVersion: flags['if-version'] ?? null };
      const config = isPatch ? { patch: given, ...what } : { document: given, ...what };
      const verb = isPatch ? 'Change the configuration of' : 'Replace the whole configuration of';
      return this.askConfigs(selector, verb, config);
    }
    if (device !== undefined) await this.#setOne(device, given, isPatch);
  }

  async #setOne(device: string, given: JsonObject, isPatch: boolean): Promise<void> {
    const { flags } = this;
    const hub = flags['dry-run'] ? await this.hub() : await this.writable();
    const before = isPatch || flags['dry-run'] ? (await hub.configs.show(device)).wanted : null;
    const document = isPatch ? (mergePatch((before?.document ?? {}) as JsonObject, given) as JsonObject) : given;
    if (flags['dry-run']) return this.print(jsonDifference((before?.document ?? {}) as JsonObject, document), JSON_CHANGE_COLUMNS);
    const ifVersion = flags['if-version'] ?? (isPatch ? (before?.version ?? 0) : null);
    const { comment = null, expires = null, wait, for: patience = WAIT_DEFAULT_MS } = flags;
    const version = await hub.configs.set(device, { document, comment, ifVersion, expiryMs: expires });
    if (!wait) return this.printOne(version, CONFIG_VERSION_COLUMNS);
    const command = await awaitCommand(hub, await hub.commands.show(version.command), patience);
    await this.printOne(await hub.configs.version(device, version.version), CONFIG_VERSION_COLUMNS);
    failUnlessApplied(command, patience);
  }
}
