import { Args } from '@oclif/core';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { MANIFEST_KINDS } from '../lib/domain/manifest.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import type { Body, ManifestKind } from '../lib/manifests/manifest-kind.ts';

export default class Get extends HubCommand<typeof Get> {
  static override summary = 'Write what the hub has as files that `muster apply` takes';
  static override description =
    `One YAML document for each object, without what goes without saying, and without secrets: credentials are in no file. KIND is one of ${MANIFEST_KINDS.join(', ')}, several with commas, or all. With --json a list, with ndjson an object on each line.`;
  static override args = {
    kind: Args.string({ description: 'Kind of object, or all', required: true }),
    name: Args.string({ description: 'Ids, or paths of groups; all of the kind unless given', multiple: true }),
  };
  static override examples = [
    '<%= config.bin %> get all > fleet.yaml',
    '<%= config.bin %> get device boiler-7 boiler-8 -o yaml',
    '<%= config.bin %> get group,rule --json',
  ];

  async run(): Promise<void> {
    const { columns, sort } = this.flags;
    if (this.output === 'csv' || columns !== undefined || sort !== undefined)
      throw new MusterError('usage', '`muster get` writes manifests: as YAML, --json or --output ndjson.', {
        hint: 'For tables, see `muster device list` and others.',
      });
    const [{ findKind, KINDS }, { manifestOf, manifestYaml }] = await Promise.all([
      import('../lib/manifests/registry.ts'),
      import('../lib/manifests/bodies.ts'),
    ]);
    const { kind: text, name: names } = this.args;
    const kinds = text === 'all' ? KINDS : text.split(',').map((word) => findKind(word.trim()) ?? this.#unknown(word));
    if (names !== undefined && kinds.length !== 1) throw new MusterError('usage', 'Names are of one kind.', { hint: 'Name one kind.' });
    const hub = await this.hub();
    const ordered = KINDS.filter((kind) => kinds.includes(kind));
    let count = 0;
    const json: Body[] = [];
    for (const kind of ordered) {
      for await (const body of this.#bodies(kind, names)) {
        this.signal.throwIfAborted();
        if (this.output === 'json') json.push(manifestOf(kind, body));
        else if (this.output === 'ndjson') await this.write(`${JSON.stringify(manifestOf(kind, body))}\n`);
        else await this.write(`${count === 0 ? '' : '---\n'}${await manifestYaml(kind, body)}`);
        count += 1;
      }
    }
    if (this.output === 'json') await this.write(`${JSON.stringify(json, null, 2)}\n`);
    if (count === 0) this.say(`The hub at ${hub.url} has none.`);
  }

  async *#bodies(kind: ManifestKind, names: readonly string[] | undefined): AsyncGenerator<Body> {
    const hub = await this.hub();
    if (names === undefined) yield* kind.list(hub);
    else for (const name of new Set(names)) yield await kind.show(hub, name);
  }

  #unknown(word: string): never {
    throw new MusterError('usage', `\`${word.trim()}\` is no kind of object.`, { hint: `The kinds are: ${MANIFEST_KINDS.join(', ')}, and all.` });
  }
}
