import { Flags } from '@oclif/core';
import type { Column } from '../lib/cli/column.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import { manifestFlags } from '../lib/manifests/flags.ts';
import type { PlanEntry } from '../lib/manifests/plan.ts';

const COLUMNS: readonly Column<PlanEntry>[] = [
  { name: 'kind', value: (row) => row.kind },
  { name: 'name', value: (row) => row.name },
  { name: 'action', value: (row) => row.action },
  { name: 'changed', value: (row) => row.changed, text: (row) => row.changed.join(', ') },
  { name: 'before', value: (row) => row.before, wide: true },
  { name: 'after', value: (row) => row.after, wide: true },
];

export default class Diff extends HubCommand<typeof Diff> {
  static override summary = 'Show what `muster apply` would change';
  static override description =
    'For each object that would be made (+), changed (~) or deleted (-): its lines as they are and as they would be. What stays as it is is left out. With --json, ndjson, yaml or csv: the objects, with all that they were and would be.';
  static override flags = {
    ...manifestFlags,
    prune: Flags.boolean({ summary: 'Also what would be deleted' }),
    selector: Flags.string({ summary: 'With --prune: devices that fit instead of what the set has', helpValue: '<selector>', dependsOn: ['prune'] }),
    'exit-code': Flags.boolean({ summary: 'End with 99 when anything differs' }),
  };
  static override examples = [
    '<%= config.bin %> diff -f fleet.yaml',
    { description: 'Has anybody changed the hub by hand?', command: '<%= config.bin %> diff -f fleet.yaml --prune --json' },
  ];

  async run(): Promise<void> {
    const { file, set, prune, selector } = this.flags;
    this.checkColumns(COLUMNS);
    const [{ readManifests }, { planManifests }] = await Promise.all([import('../lib/manifests/read-manifests.ts'), import('../lib/manifests/plan.ts')]);
    const manifests = await readManifests(file, this.signal);
    const hub = await this.hub();
    const plan = await planManifests(hub, manifests, { prune, set, selector: selector ?? null, check: false, signal: this.signal });
    const differing = plan.entries.filter(({ action }) => action !== 'unchanged');
    if (this.output === 'table' && this.flags.columns === undefined) {
      const { differenceText } = await import('../lib/manifests/difference-text.ts');
      for (const entry of differing) await this.write(await differenceText(entry));
      if (differing.length === 0) this.say(`The hub has all ${plan.entries.length} objects as the files say.`);
    } else await this.print(differing, COLUMNS);
    if (this.flags['exit-code'] && differing.length > 0)
      throw new MusterError('threshold', `${differing.length} of ${plan.entries.length} objects differ.`, {
        hint: 'Apply the files with `muster apply`.',
      });
  }
}
