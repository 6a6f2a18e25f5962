import { Flags } from '@oclif/core';
import { durationFlag } from '../../lib/cli/flags.ts';
import { MusterError } from '../../lib/errors/muster-error.ts';
import { qualityOfService, reportingFlags } from '../../lib/simulation/flags.ts';
import { SimulationCommand } from '../../lib/simulation/simulation-command.ts';

export default class Simulate extends SimulationCommand<typeof Simulate> {
  static override summary = 'Let simulated gateways report to the hub over MQTT';
  static override description =
    `Creates gateways with an identity and a connection each, lets them report for a time, asks the hub how much it stored, and removes them and their samples again (--keep leaves them).

The load is open-loop: a slow hub shows as acknowledge latency and dropped samples, not as a lower load. When this machine cannot keep the schedule itself, the summary says so.

The gateways do what they are asked meanwhile: calls, configurations and values for the point target are applied, or rejected with --reject.

Ctrl-C ends the run early: what is under way is waited for, the gateways are removed, the summary is printed, the exit code is 130. Exit code 7: some samples were not acknowledged or not stored. When the hub dies meanwhile, the summary is printed nevertheless, without what is stored (null in JSON, beside the error), and the exit code is 6.`;
  static override flags = {
    gateways: Flags.integer({ summary: 'Gateways, each with a connection of its own', helpValue: '<n>', default: 10, min: 1, max: 20_000 }),
    points: Flags.integer({ summary: 'Points of each gateway and each device behind one', helpValue: '<n>', default: 10, min: 1, max: 5_000 }),
    children: Flags.integer({ summary: 'Devices behind each gateway, which reports for them', helpValue: '<n>', default: 0, min: 0, max: 1_000 }),
    interval: durationFlag({ summary: 'Each point reports once in it', default: 1_000, defaultHelp: async () => '1s' }),
    duration: durationFlag({ summary: 'How long they report', default: 60_000, defaultHelp: async () => '1m' }),
    'values-per-message': Flags.integer({ summary: 'Values in one message; without it all of a device', helpValue: '<n>', min: 1, max: 5_000 }),
    ...reportingFlags,
    rules: Flags.boolean({ summary: 'The gateways evaluate their rules (`runsAt: edge`) themselves, and report the alarms' }),
    reject: Flags.integer({
      summary: 'Percent of what they are asked (set, call, configuration) that the gateways reject; the rest they apply',
      helpValue: '<n>',
      default: 0,
      min: 0,
      max: 100,
    }),
    seed: Flags.integer({ summary: 'The same seed gives the same values', helpValue: '<n>', default: 1 }),
    keep: Flags.boolean({ summary: 'Leave the gateways and their samples in the hub', exclusive: ['clean-up'] }),
    'clean-up': Flags.boolean({ summary: 'Remove the gateways and their samples at the end, which is the default', exclusive: ['keep'] }),
  };
  static override examples = [
    { description: '20 gateways with 10 points for ten seconds:', command: '<%= config.bin %> simulate --gateways 20 --points 10 --duration 10s' },
    { description: 'The figures for a script:', command: '<%= config.bin %> simulate --gateways 5 --duration 3s --json' },
    { description: 'With the alarm rules that run at the edge:', command: '<%= config.bin %> simulate --gateways 2 --duration 3s --rules' },
    { description: 'Devices behind gateways, kept to look at:', command: '<%= config.bin %> simulate --gateways 2 --children 3 --duration 5s --keep' },
  ];

  async run(): Promise<void> {
    const { flags } = this;
    if (flags.interval < 10) throw new MusterError('usage', 'The interval must be 10ms or longer.', { hint: 'Take more gateways for a higher load.' });
    const hub = await this.writable();
    const mqttUrl = await this.mqttUrl(hub, flags.mqtt);
    const trust = await this.trust();
    const { simulate } = await import('../../lib/simulation/simulate.ts');
    const shown = await this.show();
    const report = await simulate({
      hub,
      mqttUrl,
      trust,
      gateways: flags.gateways,
      points: flags.points,
      childrenPerGateway: flags.children,
      stages: [{ name: 'steady', durationMs: flags.duration, intervalMs: flags.interval, gateways: flags.gateways }],
      protocol: flags.protocol,
      qos: qualityOfService(flags.qos),
      payload: flags.payload,
      valuesPerMessage: flags['values-per-message'] ?? null,
      seed: flags.seed,
      keep: flags.keep,
      rules: flags.rules,
      rejectShare: flags.reject / 100,
      signal: this.signal,
      monitor: shown.monitor,
    }).finally(() => shown.stop());
    await this.conclude(report, 'Fewer gateways, a longer interval or more values per message make it easier for the hub.');
    if (flags.keep)
      this.say(`Kept: \`muster device list --label muster-simulation=${report.run}\` shows them, \`muster simulate clean --run ${report.run}\` removes them.`);
  }
}
