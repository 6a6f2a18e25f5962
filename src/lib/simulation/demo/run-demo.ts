import { pause } from '../../cli/pause.ts';
import { createHubClient } from '../../client/hub-client.ts';
import type { Log } from '../../domain/log.ts';
import { MusterError } from '../../errors/muster-error.ts';
import type { SimulationMonitor } from '../run-limits.ts';
import { createTally } from '../tally.ts';
import { createBoard } from './board.ts';
import { chartLines } from './closing.ts';
import { type DemoState, statusLine, valuesLine } from './demo-state.ts';
import { type DemoResult, playDemo } from './play-demo.ts';
import { BUNDLED_RECORDINGS } from './recordings.ts';

/** What the demonstration needs of a hub; the command hands in how one is started. */
export interface EmbeddedHub {
  readonly url: string;
  readonly mqttUrl: string | null;
  readonly token: string;
  readonly project: string;
  stop(): Promise<unknown>;
}

/** The settings of the hub that a demonstration chooses, under their names. */
export interface DemoSettings {
  readonly ephemeral: boolean;
  readonly data: string | null;
  readonly 'http.port': number;
  readonly 'mqtt.port': number;
}

export interface RunDemoOptions {
  readonly startHub: (settings: DemoSettings, options: { readonly log: Log }) => Promise<EmbeddedHub>;
  readonly durationMs: number | null;
  readonly speed: number | null;
  /** Where the hub keeps its data; null: nowhere. */
  readonly directory: string | null;
  /** Draw on stderr, which is a terminal; otherwise lines are said. */
  readonly screen: boolean;
  readonly say: (line: string) => void;
  readonly chart: { readonly width: number; readonly color: boolean };
  readonly signal: AbortSignal;
}

export interface DemoOutcome extends DemoResult {
  readonly chart: readonly string[];
}

const LINE_EVERY_MS = 2_000;
const SHAPE_COLUMNS = 42;

/** A hub, the replay and what is shown of it. Whatever happens, the hub is stopped and the terminal given back. */
export async function runDemo(options: RunDemoOptions): Promise<DemoOutcome> {
  const state: DemoState = {
    board: createBoard(BUNDLED_RECORDINGS, SHAPE_COLUMNS),
    tally: createTally(),
    recordings: BUNDLED_RECORDINGS,
    phase: 'Starting a hub',
    warning: null,
    beganAt: null,
    lengthMs: null,
  };
  const display = options.screen ? await openDisplay(state) : startLines(state, options.say);
  const warn = (sentence: string) => {
    state.warning = sentence;
    if (!options.screen) options.say(`Warning: ${sentence}`);
  };
  try {
    const hub = await options.startHub(settingsFor(options.directory), { log: createQuietLog(warn) });
    try {
      if (hub.mqttUrl === null) throw new MusterError('internal', 'The hub of the demonstration takes no MQTT.');
      // A client of its own, without the command's signal: after Ctrl-C the hub is still asked what it stored.
      const client = createHubClient({ url: hub.url, token: hub.token, project: hub.project });
      const result = await playDemo({
        ...options,
        hub: client,
        mqttUrl: hub.mqttUrl,
        board: state.board,
        tally: state.tally,
        monitor: monitorFor(state, warn),
        onBegin: begin,
      });
      const chart = await chartLines(client, result, options.chart.width, options.chart.color);
      client.close();
      return { ...result, chart };
    } finally {
      state.phase = 'Stopping the hub';
      await hub.stop();
    }
  } finally {
    await display.close();
  }

  function begin(lengthMs: number): void {
    state.beganAt = performance.now();
    state.lengthMs = lengthMs;
  }
}

function settingsFor(directory: string | null): DemoSettings {
  return { ephemeral: directory === null, data: directory, 'http.port': 0, 'mqtt.port': 0 };
}

function createQuietLog(warn: (sentence: string) => void): Log {
  const nothing = () => undefined;
  return { debug: nothing, info: nothing, warn: (_, sentence) => warn(sentence), error: (_, sentence) => warn(sentence) };
}

function monitorFor(state: DemoState, warn: (sentence: string) => void): SimulationMonitor {
  return {
    onPhase(sentence) {
      state.phase = sentence;
    },
    onProvisioned: () => undefined,
    onWarning: warn,
  };
}

async function openDisplay(state: DemoState): Promise<{ close(): Promise<void> }> {
  const { openScreen } = await import('./screen.tsx');
  const screen = openScreen(state, process.stderr);
  return { close: async () => screen.close() };
}

/** What stands in for the screen: the values and the counts, every two seconds. */
function startLines(state: DemoState, say: (line: string) => void): { close(): Promise<void> } {
  const abort = new AbortController();
  say('Recordings of real sites, replayed by simulated gateways over MQTT into a real hub:');
  for (const { title, place, about } of state.recordings) say(`  ${title}, ${place}: ${about}`);
  const lines = (async () => {
    for (;;) {
      await pause(LINE_EVERY_MS, abort.signal);
      if (abort.signal.aborted) return;
      say(statusLine(state));
      if (state.beganAt !== null) say(`  ${valuesLine(state)}`);
    }
  })();
  return {
    close() {
      abort.abort();
      return lines;
    },
  };
}
