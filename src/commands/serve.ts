import { Flags } from '@oclif/core';
import type { Column } from '../lib/cli/column.ts';
import { MusterCommand } from '../lib/cli/muster-command.ts';
import { settingFlags } from '../lib/config/setting-flags.ts';
import { EXIT } from '../lib/errors/catalogue.ts';

const TRUST_MS = 3000;

/** The token that the last start left in the local context. */
async function knownToken(): Promise<string | null> {
  const { readContexts } = await import('../lib/cli/contexts.ts');
  try {
    return readContexts().contexts.find(({ name }) => name === 'local')?.token ?? null;
  } catch {
    // A broken contexts file is told when this start's context is saved.
    return null;
  }
}

/** What a script learns on stdout once the hub takes traffic. */
interface Ready {
  readonly http: string;
  readonly mqtt: string | null;
  readonly mqtts: string | null;
  readonly project: string;
  readonly data: string;
}

const COLUMNS: readonly Column<Ready>[] = (['http', 'mqtt', 'mqtts', 'project', 'data'] as const).map((name) => ({ name, value: (row) => row[name] }));

export default class Serve extends MusterCommand<typeof Serve> {
  static override summary = 'Run the hub';
  static override description =
    'Lets devices in over MQTT and HTTP, stores what they report and serves the API. Listens on loopback until told otherwise. ' +
    'The first start on a data directory makes the project `default` and the user `admin`, prints the password once, and logs you in: the next command works at once. ' +
    'SIGTERM and Ctrl-C stop it in order: nothing acknowledged is lost.';
  static override examples = [
    { description: 'On the usual ports, with the data in the usual place', command: '<%= config.bin %> <%= command.id %>' },
    {
      description: 'A throw-away hub on free ports, for a test',
      command: '<%= config.bin %> <%= command.id %> --ephemeral --http 0 --mqtt 0 --ready-file hub.json',
    },
    {
      description: 'For the network, with TLS',
      command: '<%= config.bin %> <%= command.id %> --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --mqtts 8883 --mqtt off',
    },
  ];
  // One object is printed at most: there is nothing to choose from or to sort.
  static override baseFlags = {
    ...MusterCommand.baseFlags,
    columns: Flags.string({ hidden: true }),
    sort: Flags.string({ hidden: true }),
  };
  static override flags = { ...settingFlags() };
  protected override readonly interruptExitCode = EXIT.done;

  async run(): Promise<void> {
    this.checkColumns(COLUMNS);
    const [{ loadSettings }, { startHub }, { runUntil }] = await Promise.all([
      import('../lib/config/load-settings.ts'),
      import('../lib/server/hub.ts'),
      import('../lib/server/run-until.ts'),
    ]);
    const { settings } = await loadSettings({ flags: this.flags, env: process.env, file: this.flags.config as string | undefined });
    const hub = await startHub(settings, { localToken: settings.ephemeral ? null : await knownToken() });
    // From here on there is something to stop, whatever goes wrong below.
    await runUntil(this.signal, hub, settings['stop-deadline-ms'], async () => {
      if (settings['mqtt.open']) this.say('WARNING: mqtt.open is on. Any program on this machine may publish and subscribe to any topic without credentials.');
      if (settings.ephemeral) this.say(`To use this hub:\n  export MUSTER_URL=${hub.url} MUSTER_TOKEN=${hub.token}`);
      else await this.#logIn(hub, settings['tls.cert']);
      const { url, mqttUrl, mqttsUrl, project, data } = hub;
      if (this.output !== 'table' || this.flags.columns !== undefined)
        await this.printOne({ http: url, mqtt: mqttUrl, mqtts: mqttsUrl, project, data }, COLUMNS);
    });
  }

  /** Makes the hub the context `local`, and the current one unless another hub has been chosen. */
  async #logIn(
    hub: { url: string; token: string; project: string; firstStart: { user: string; password: string } | null },
    certificate: string | null,
  ): Promise<void> {
    const { readContexts, saveContext } = await import('../lib/cli/contexts.ts');
    if (hub.firstStart) {
      const { user, password } = hub.firstStart;
      this.say(`First start. Log in from elsewhere with:\n  muster login --url ${hub.url} --user ${user}\n  password: ${password}   (shown this once)`);
    }
    try {
      const { current } = readContexts();
      const trust = await this.#trust(hub, certificate);
      const entry = { name: 'local', url: hub.url, token: hub.token, project: hub.project, readOnly: false, ...(trust.ca !== null && { ca: trust.ca }) };
      await saveContext(entry, { use: current === null || current === 'local' });
      if (trust.problem === null) this.say('You are logged in as the context `local`. Try: muster device list');
      else this.say(`The context \`local\` is saved, but the certificate of this hub is not trusted here: ${trust.problem}`);
    } catch (error: unknown) {
      // The hub serves all the same: it may run as a user without a home.
      this.say(`The local context could not be saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** With which CA, if any, this machine can verify the hub: the usual ones, or (for a certificate that signs itself) the hub's own file. */
  async #trust(hub: { url: string }, certificate: string | null): Promise<{ ca: string | null; problem: string | null }> {
    if (certificate === null) return { ca: null, problem: null };
    const [{ createHubClient }, { resolve }] = await Promise.all([import('../lib/client/hub-client.ts'), import('node:path')]);
    let problem = '';
    for (const ca of [null, resolve(certificate)]) {
      const client = createHubClient({ url: hub.url, token: null, ca, timeoutMs: TRUST_MS });
      try {
        await client.request('GET', '/time', { signal: this.signal });
        return { ca, problem: null };
      } catch (error: unknown) {
        problem = error instanceof Error ? error.message : String(error);
      } finally {
        client.close();
      }
    }
    return { ca: null, problem: `${problem}\n  Give its CA, and a URL whose name it holds: muster context add local --url URL --ca FILE` };
  }
}
