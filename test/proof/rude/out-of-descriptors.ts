import { signIn } from '../client.ts';
import { createDevice, samplesOf } from '../fleet.ts';
import { createHubProcess } from '../hub-process.ts';
import type { ProofRun } from '../proof.ts';
import { createScope } from '../scope.ts';
import { comesTrue, quantile, rounded } from '../waiting.ts';
import { openRaw, type RawSocket } from './raw-socket.ts';

const DESCRIPTORS = 256;
const REPORTS = 200;
const P99_MS_MAX = 2_000;
const LOG_LINES_MAX = 2_000;

/** More connections than the system lets the hub have: those it has are served, and it comes back. */
export async function outOfDescriptors({ scope: outer, findings }: ProofRun): Promise<void> {
  const scope = createScope();
  outer.defer(() => scope.close());
  const hub = await createHubProcess(scope, { before: `ulimit -n ${DESCRIPTORS}`, settings: { MQTT_CONNECT_TIMEOUT_MS: 600_000 } });
  await hub.start();
  const credentials = await createDevice(hub, 'inside');
  const device = await signIn(hub.mqttPort, credentials, { clientId: 'inside' });
  if (device === null) throw new Error('the device was not let in');
  const base = Date.UTC(2025, 0, 1);
  const acknowledged = new Set<number>();
  const latencies: number[] = [];
  const report = async (client: typeof device, number: number) => {
    const startedAt = performance.now();
    const code = await client.publish('devices/inside/report', `{"ts":${base + number},"values":{"value":${number}}}`);
    if (code === 0) acknowledged.add(number);
    else findings.add('a connected device is refused when descriptors run out', String(code));
    latencies.push(performance.now() - startedAt);
  };
  await report(device, 0);
  const http = Number(new URL(hub.url).port);
  const crowd: RawSocket[] = [];
  for (let index = 0; index < DESCRIPTORS * 2; index += 1) {
    const raw = await openRaw(scope, index % 2 === 0 ? hub.mqttPort : http, 500);
    if (raw !== null) crowd.push(raw);
  }
  // The system takes connections for the hub before the hub itself comes to accept them.
  let reached = 0;
  const ranOut = () => {
    reached = Math.max(reached, hub.descriptors());
    return reached >= DESCRIPTORS - 20;
  };
  await comesTrue(ranOut, 20_000, 20);
  if (reached < DESCRIPTORS - 20) findings.add('the descriptors did not run out', `${reached} of ${DESCRIPTORS}`);
  for (let number = 1; number <= REPORTS; number += 1) await report(device, number);
  if (quantile(latencies, 0.99) > P99_MS_MAX)
    findings.add(`a connected device waits longer than ${P99_MS_MAX} ms (p99) when descriptors run out`, `${rounded(quantile(latencies, 0.99))} ms`);
  if (!hub.isRunning()) findings.add('the hub ended when descriptors ran out', hub.log().slice(-500));
  for (const raw of crowd) raw.destroy();
  device.end();
  if (!hub.isRunning()) return;
  const back = await comesTrue(
    async () => {
      const client = await signIn(hub.mqttPort, credentials, { clientId: 'inside' });
      if (client === null) return false;
      await report(client, REPORTS + 1);
      client.end();
      return hub
        .api('GET', '/health/ready')
        .then(({ status }) => status === 200)
        .catch(() => false);
    },
    20_000,
    100,
  );
  if (!back) findings.add('the hub does not serve again after it ran out of descriptors', hub.log().slice(-300));
  const stored = new Set((await samplesOf(hub, 'inside')).map(({ value }) => value));
  for (const number of acknowledged) if (!stored.has(number)) findings.add('an acknowledged sample was lost when descriptors ran out', String(number));
  const compacted = await hub.api('POST', '/storage/compact', { all: true });
  if (compacted.status !== 200) findings.add('the storage does not work again after the hub ran out of descriptors', JSON.stringify(compacted.body));
  const lines = hub.log().split('\n').length;
  if (lines > LOG_LINES_MAX) findings.add('the hub floods its log when descriptors run out', `${lines} lines`);
  if (/uncaught|unhandled/i.test(hub.log())) findings.add('an error was caught by nobody when descriptors ran out', hub.log().slice(-500));
}
