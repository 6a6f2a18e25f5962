import { type Client, signIn } from '../client.ts';
import { type Credentials, createDevice, samplesOf } from '../fleet.ts';
import type { HubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { pause } from '../waiting.ts';

/** What reporters saw since the last look. */
export interface Tally {
  acknowledged: number;
  /** HTTP codes, MQTT reason codes, `cut` for a broken connection, `silence` for no answer. */
  readonly refusals: Map<string, number>;
}

export interface Reporters {
  /** Counted from now on. */
  fresh(): Tally;
  stop(): Promise<void>;
  /** Everything acknowledged, and nothing that was not sent. */
  compare(): Promise<number>;
}

const BASE_TIME = Date.UTC(2025, 0, 1);
/** Text values: a small disk fills in seconds. */
const PADDING = 'x'.repeat(2000);
/** Codes with which a hub may say that it has no room. */
const HTTP_REFUSALS = new Set(['storage_failed', 'disk_full', 'overloaded']);
/** Unspecified error, implementation specific error, server busy, quota exceeded. */
const MQTT_REFUSALS = new Set([0x80, 0x83, 0x89, 0x97]);

/** Devices that report on and on over HTTP, MQTT 3.1.1 and MQTT 5, each value with its time, and remember what they were promised. */
export async function startReporters({ scope, findings }: ProofRun, hub: HubProcess): Promise<Reporters> {
  let tally: Tally = { acknowledged: 0, refusals: new Map() };
  let stopped = false;
  const devices: { readonly id: string; sent: number; readonly acknowledged: Set<number> }[] = [];
  const loops: Promise<void>[] = [];
  const refused = (what: string) => tally.refusals.set(what, (tally.refusals.get(what) ?? 0) + 1);
  const payloadOf = (number: number) => JSON.stringify({ ts: BASE_TIME + number, values: { number, text: PADDING } });

  async function reporter(id: string, send: (credentials: Credentials, payload: string) => Promise<boolean>): Promise<void> {
    const credentials = await createDevice(hub, id);
    const device = { id, sent: 0, acknowledged: new Set<number>() };
    devices.push(device);
    loops.push(
      (async () => {
        while (!stopped) {
          const number = device.sent++;
          // A device repeats what was not taken, now and then with something new in between.
          const taken = await send(credentials, payloadOf(number)).catch(() => false);
          if (taken) {
            device.acknowledged.add(number);
            tally.acknowledged += 1;
          }
          await pause(taken ? 2 : 20);
        }
      })(),
    );
  }

  await reporter('over-http', async ({ password }, payload) => {
    if (!hub.isRunning()) return false;
    const started = performance.now();
    try {
      const response = await fetch(`${hub.url}/api/v1/devices/over-http/report`, {
        method: 'POST',
        headers: { authorization: `Bearer ${password}`, 'content-type': 'application/json' },
        body: payload,
        signal: AbortSignal.timeout(10_000),
      });
      const body = (await response.json()) as { code?: string; detail?: string };
      if (response.status === 202) return true;
      refused(`http ${response.status} ${body.code}`);
      if (response.status < 429 || !HTTP_REFUSALS.has(body.code ?? ''))
        findings.add('a report was refused without a clear error', `${response.status} ${JSON.stringify(body)}`);
    } catch (error: unknown) {
      refused('http no answer');
      if (performance.now() - started > 9_000) findings.add('a report over HTTP was not answered at all', String(error).slice(0, 100));
    }
    return false;
  });
  for (const version of [4, 5] as const) {
    const id = `over-mqtt-${version}`;
    let client: Client | null = null;
    await reporter(id, async (credentials, payload) => {
      if (!hub.isRunning()) return false;
      if (client === null || client.isClosed()) client = await signIn(hub.mqttPort, credentials, { version, clientId: id });
      if (client === null) {
        refused(`mqtt ${version} no connection`);
        return false;
      }
      const code = await client.publish(`devices/${id}/report`, payload, { deadlineMs: 10_000 });
      if (code === 0) return true;
      if (code === null) {
        refused(`mqtt ${version} ${client.isClosed() ? 'cut' : 'silence'}`);
        if (!client.isClosed()) client.end();
      } else {
        refused(`mqtt ${version} 0x${code.toString(16)}`);
        if (!MQTT_REFUSALS.has(code)) findings.add('a publish was refused with a reason that is none', `0x${code.toString(16)}`);
      }
      return false;
    });
    scope.defer(() => client?.end());
  }

  const stop = async () => {
    stopped = true;
    await Promise.all(loops);
  };
  scope.defer(stop);
  return {
    fresh() {
      tally = { acknowledged: 0, refusals: new Map() };
      return tally;
    },
    stop,
    async compare() {
      let stored = 0;
      for (const { id, acknowledged, sent } of devices) {
        const samples = await samplesOf(hub, id, 'number');
        stored += samples.length;
        const found = new Set<number>();
        for (const { time, value } of samples) {
          const number = time - BASE_TIME;
          if (value !== number || number >= sent) findings.add('a sample is not what was sent', `${id}: ${time} is ${String(value)}`);
          if (found.has(number)) findings.add('a sample is there twice', `${id}: ${number}`);
          found.add(number);
        }
        for (const number of acknowledged) if (!found.has(number)) findings.add('an acknowledged sample was lost', `${id}: ${number} of ${sent}`);
      }
      return stored;
    },
  };
}
