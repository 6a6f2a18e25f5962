import { Flags } from '@oclif/core';
import { durationFlag } from '../lib/cli/flags.ts';
import { MusterCommand } from '../lib/cli/muster-command.ts';
import { EXIT } from '../lib/errors/catalogue.ts';
import type { DemoOutcome } from '../lib/simulation/demo/run-demo.ts';
import { speedFlag } from '../lib/simulation/flags.ts';

export default class Demo extends MusterCommand<typeof Demo> {
  static override summary = 'Show Muster at work: real recordings, simulated gateways, a real hub';
  static override description =
    `Starts a throw-away hub on free ports, creates gateways through its API, replays bundled recordings of real sites over MQTT in accelerated time, and shows the values as the hub's live stream tells them. At the end: what was sent, acknowledged and stored, a chart, and what to try next. The recordings' sources and licences are named.

It ends with the recordings, after about a minute, or with Ctrl-C: both are an orderly end with exit code 0. With --duration the recordings are played in that time (or, with --speed, cut after it), and Ctrl-C before it is exit code 130.`;
  static override flags = {
    duration: durationFlag({ summary: 'Length of the replay; about a minute without it' }),
    speed: speedFlag({ summary: 'Recorded seconds in one second; without it what the duration takes' }),
    keep: Flags.string({ summary: "Keep the hub's data in this directory", helpValue: '<directory>' }),
  };
  static override examples = [
    '<%= config.bin %> demo',
    { description: 'Short, the figures for a script:', command: '<%= config.bin %> demo --duration 5s --json' },
  ];
  protected override readonly interruptExitCode = EXIT.done;

  async run(): Promise<void> {
    const { flags } = this;
    const [{ runDemo }, { startHub }, { REPORT_COLUMNS }] = await Promise.all([
      import('../lib/simulation/demo/run-demo.ts'),
      import('../lib/server/hub.ts'),
      import('../lib/simulation/report-columns.ts'),
    ]);
    this.checkColumns(REPORT_COLUMNS);
    const outcome = await runDemo({
      startHub,
      durationMs: flags.duration ?? null,
      speed: flags.speed ?? null,
      directory: flags.keep ?? null,
      // A machine format is for a script: then the screen stays as it is.
      screen: this.output === 'table' && process.stderr.isTTY === true && !process.env.CI,
      say: (line) => this.say(line),
      chart: { width: Math.min(100, (process.stdout.isTTY && process.stdout.columns) || 80), color: process.stdout.isTTY === true && !process.env.NO_COLOR },
      signal: this.signal,
    });
    await this.#conclude(outcome);
    if (this.signal.aborted && flags.duration !== undefined) process.exitCode = EXIT.interrupted;
  }

  async #conclude(outcome: DemoOutcome): Promise<void> {
    const [{ figureLines, nextCommands, programName, sourceLines }, { REPORT_COLUMNS }, { concludeRun }] = await Promise.all([
      import('../lib/simulation/demo/closing.ts'),
      import('../lib/simulation/report-columns.ts'),
      import('../lib/simulation/conclude.ts'),
    ]);
    const { report, speed, chart } = outcome;
    const { columns, keep } = this.flags;
    if (this.output !== 'table' || columns !== undefined) await this.printOne({ ...report, speed, recordings: sourceLines() }, REPORT_COLUMNS);
    else {
      const next = nextCommands(outcome, keep ?? null, programName(this.config.bin, process.argv[1]));
      const sections = [
        chart,
        figureLines(outcome),
        ['Recordings', ...sourceLines().map((line) => `  ${line}`)],
        ['Try next', ...next.map((line) => `  ${line}`)],
      ];
      await this.write(
        `${sections
          .filter((lines) => lines.length > 0)
          .map((lines) => lines.join('\n'))
          .join('\n\n')}\n`,
      );
    }
    concludeRun(report, 'Run it again; `muster doctor` checks this machine.');
  }
}
