import { Flags } from '@oclif/core';
import { dryRunFlag, selectorFlag, yesFlag } from '../lib/cli/flags.ts';
import { HubCommand } from '../lib/cli/hub-command.ts';
import { confirmUnless } from '../lib/cli/prompt.ts';
import { MusterError } from '../lib/errors/muster-error.ts';
import { APPLIED_COLUMNS } from '../lib/manifests/columns.ts';
import { manifestFlags } from '../lib/manifests/flags.ts';

export default class Apply extends HubCommand<typeof Apply> {
  static override summary = 'Make the hub have what files say: types, groups, devices, rules, channels, routes';
  static override description =
    `What is missing is made, what differs is changed, what is the same is left alone: a second run changes nothing. \`muster diff\` shows it before, \`muster get\` writes such files.

Nothing is deleted unless --prune says so: then what an earlier run with the same --set applied, and the files do not name any more; or, with --selector, the devices that fit and are not in the files. One row for each object: when some fail, the others are applied, and the exit code is 7.`;
  static override flags = {
    ...manifestFlags,
    prune: Flags.boolean({ summary: 'Delete what the set has, and the files do not name any more' }),
    selector: { ...selectorFlag('With --prune: delete devices that fit instead, whoever made them'), dependsOn: ['prune'] },
    changed: Flags.boolean({ summary: 'Leave out of the answer what stays as it is' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
  };
  static override examples = [
    '<%= config.bin %> apply -f fleet.yaml --dry-run',
    '<%= config.bin %> apply -f fleet.yaml --changed',
    { description: 'A repository is the truth:', command: '<%= config.bin %> apply -f fleet --set paris --prune --yes' },
  ];

  async run(): Promise<void> {
    const { file, set, prune, selector, yes, 'dry-run': dryRun } = this.flags;
    this.checkColumns(APPLIED_COLUMNS);
    const [{ readManifests }, { planManifests }, { applyPlan, previewRows }] = await Promise.all([
      import('../lib/manifests/read-manifests.ts'),
      import('../lib/manifests/plan.ts'),
      import('../lib/manifests/apply.ts'),
    ]);
    const manifests = await readManifests(file, this.signal);
    const hub = dryRun ? await this.hub() : await this.writable();
    const plan = await planManifests(hub, manifests, { prune, set, selector: selector ?? null, check: dryRun, signal: this.signal });
    const doomed = plan.entries.filter(({ action }) => action === 'delete');
    if (!dryRun && doomed.length > 0) await confirmUnless(yes, `Delete ${countsOf(doomed)}?`, this.signal);
    const rows = dryRun ? previewRows(plan) : await applyPlan(hub, plan, set, this.signal);
    await this.print(this.flags.changed ? rows.filter(({ status }) => status !== 'unchanged') : rows, APPLIED_COLUMNS);
    const failed = rows.filter(({ status }) => status === 'failed' || status === 'skipped');
    if (failed.length === 0) return;
    const names = failed.slice(0, 1_000).map(({ kind, name }) => `${kind} ${name}`);
    throw new MusterError('partly_failed', `${failed.length} of ${rows.length} failed.`, { details: { failed: names } });
  }
}

/** `2 rules, 1 device` */
function countsOf(entries: readonly { readonly kind: string }[]): string {
  const counts = new Map<string, number>();
  for (const entry of entries) {
    const kind = entry.kind === 'provisioning' ? 'provisioning rule' : entry.kind;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(', ');
}
