import { Flags } from '@oclif/core';
import type { Command, CommandChange } from '../../lib/api/schema/commands.ts';
import { type Column, timeColumn } from '../../lib/cli/column.ts';
import { COMMAND_COLUMNS } from '../../lib/cli/command-columns.ts';
import { filterFlag, listFlags, selectorFlag } from '../../lib/cli/flags.ts';
import { HubCommand } from '../../lib/cli/hub-command.ts';
import { pause } from '../../lib/cli/pause.ts';
import type { HubClient } from '../../lib/client/hub-client.ts';
import { COMMAND_KINDS, COMMAND_STATES } from '../../lib/domain/command.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { refuseFlags, spanFlag } from '../../lib/reading/flags.ts';
import type { FollowEvent, FollowGap } from '../../lib/reading/live/follow.ts';

type ChangeRow = Command & Pick<CommandChange, 'time' | 'before'>;
type Row = ChangeRow | { readonly gap: FollowGap };

const CHANGE_COLUMNS: readonly Column<ChangeRow>[] = [
  timeColumn('time', (row) => row.time, { keep: true }),
  { name: 'before', value: (row) => row.before, drop: 7 },
  ...COMMAND_COLUMNS,
];

export default class CommandList extends HubCommand<typeof CommandList> {
  static override summary = 'List what was asked of devices, the last first';
  static override description =
    'Set points, calls and configurations, with what became of each: queued, sent, delivered, applied, rejected, expired, cancelled. Each filter narrows the list. With --watch there is a row for each change from now on, with the state before it (nothing: it is new), until --count, --duration or Ctrl-C; --state names states that a command comes to. When the connection is lost it tries again; what changed meanwhile is not shown. When the hub had to drop changes because this command was too slow, it says so on stderr, and in ndjson with an object {"gap":{"dropped","from","to"}} in their place.';
  static override flags = {
    device: filterFlag({ summary: 'Of this device; an alias as kind:value does, too', helpValue: '<id>' }),
    kind: Flags.option({ summary: 'Of this kind; repeats', options: COMMAND_KINDS, multiple: true, multipleNonGreedy: true })(),
    state: Flags.option({ summary: 'In this state; repeats', options: COMMAND_STATES, multiple: true, multipleNonGreedy: true })(),
    job: filterFlag({ summary: 'Of this job', helpValue: '<id>' }),
    ...listFlags,
    watch: Flags.boolean({ summary: 'Go on, and show each change of state', exclusive: ['all', 'limit'] }),
    selector: { ...selectorFlag('With --watch: of devices that fit: site=paris,type=boiler'), dependsOn: ['watch'] },
    group: filterFlag({
      summary: 'With --watch: of devices in this group, or below it; repeats',
      helpValue: '<path>',
      multiple: true,
      multipleNonGreedy: true,
      dependsOn: ['watch'],
    }),
    count: Flags.integer({ summary: 'With --watch: end after so many changes', helpValue: '<changes>', min: 1, dependsOn: ['watch'] }),
    duration: spanFlag({ summary: 'With --watch: end after this time', dependsOn: ['watch'] }),
  };
  static override examples = [
    '<%= config.bin %> command list --device boiler-7',
    { description: 'What still waits for its device:', command: '<%= config.bin %> command list --state queued --state sent' },
    '<%= config.bin %> command list --kind call --state rejected --all --output csv',
    {
      description: 'What goes wrong on a site, for a minute:',
      command: '<%= config.bin %> command list --watch --selector site=paris --state rejected --state expired --duration 1m --output ndjson',
    },
  ];

  async run(): Promise<void> {
    const { device, kind, state, job } = this.flags;
    const filters = {
      ...(device === undefined ? {} : { device }),
      ...(kind === undefined ? {} : { kind }),
      ...(state === undefined ? {} : { state }),
      ...(job === undefined ? {} : { job }),
    };
    const hub = await this.hub();
    if (this.flags.watch) return this.#watch(hub, filters);
    await this.printList((limit) => hub.commands.list(filters, { limit }), COMMAND_COLUMNS, this.flags);
  }

  async #watch(hub: HubClient, filters: Parameters<HubClient['commands']['live']>[0]): Promise<void> {
    const { selector, group, duration } = this.flags;
    refuseFlags('command list --watch', this.flags, ['all', 'sort']);
    if (this.output === 'yaml') throw new MusterError('usage', '`muster command list --watch` prints table, ndjson or csv.');
    // A list that has no end is no JSON document: one object for each line.
    if (this.output === 'json') this.output = 'ndjson';
    const query = { ...filters, ...(selector === undefined ? {} : { selector }), ...(group === undefined ? {} : { group }) };
    const { followCommands } = await import('../../lib/reading/live/follow-commands.ts');
    const ending = new AbortController();
    const timer = duration === undefined ? undefined : setTimeout(() => ending.abort(), duration);
    const signal = AbortSignal.any([this.signal, ending.signal]);
    const changes = followCommands({ signal, connect: (given) => hub.commands.live(query, given), pause, now: Date.now });
    try {
      await this.print(this.#rows(changes), CHANGE_COLUMNS as readonly Column<Row>[]);
    } finally {
      clearTimeout(timer);
      ending.abort();
    }
  }

  async *#rows(changes: AsyncIterable<FollowEvent<CommandChange>>): AsyncGenerator<Row> {
    let left = this.flags.count ?? Number.POSITIVE_INFINITY;
    for await (const change of changes) {
      if (change.type === 'notice') this.say(change.text);
      else if (change.type === 'gap') {
        const { dropped, from, to } = change.gap;
        this.say(`${dropped} changes from ${new Date(from).toISOString()} to ${new Date(to).toISOString()} are not shown: this command was too slow for them.`);
        if (this.output === 'ndjson') yield { gap: change.gap };
      } else {
        const { time, before, command } = change.item;
        yield { time, before, ...command };
        left -= 1;
        if (left <= 0) return;
      }
    }
  }
}
