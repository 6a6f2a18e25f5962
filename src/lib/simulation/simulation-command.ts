import type { SecureContext } from 'node:tls';
import type { Command } from '@oclif/core';
import { HubCommand } from '../cli/hub-command.ts';
import type { HubClient } from '../client/hub-client.ts';
import type { SimulationReport } from './report.ts';
import type { ShownRun } from './show-run.ts';

/** The base of the commands that let simulated gateways report. */
export abstract class SimulationCommand<T extends typeof Command> extends HubCommand<T> {
  /** Where the hub takes MQTT. */
  protected async mqttUrl(hub: HubClient, flag: string | undefined): Promise<string> {
    const { chooseMqttUrl } = await import('./mqtt-url.ts');
    const { hub: about } = await hub.whoami();
    return chooseMqttUrl({ flag, environment: process.env.MUSTER_MQTT_URL, announced: about.mqttUrl, hubUrl: hub.url });
  }

  /** Whom the gateways' connections trust besides Node's authorities: the CA of the context. */
  protected async trust(): Promise<SecureContext | null> {
    const { trustOf } = await import('./trust.ts');
    return trustOf(this.target().ca);
  }

  protected async show(): Promise<ShownRun> {
    const [{ showRun }, { REPORT_COLUMNS }] = await Promise.all([import('./show-run.ts'), import('./report-columns.ts')]);
    this.checkColumns(REPORT_COLUMNS);
    return showRun({ say: (line) => this.say(line), stderr: process.stderr });
  }

  /** Prints the summary; then the exit code follows from it. */
  protected async conclude(report: SimulationReport, hint: string): Promise<void> {
    const [{ REPORT_COLUMNS }, { summaryLines }, { concludeRun }] = await Promise.all([
      import('./report-columns.ts'),
      import('./summary.ts'),
      import('./conclude.ts'),
    ]);
    const { columns } = this.flags as { readonly columns?: string };
    if (this.output === 'table' && columns === undefined) await this.write(`${summaryLines(report).join('\n')}\n`);
    else await this.printOne(report, REPORT_COLUMNS);
    concludeRun(report, hint);
  }
}
