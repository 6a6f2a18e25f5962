import { Box, render, Text } from 'ink';
import { type ReactNode, useEffect, useState } from 'react';
import { valueText } from './board.ts';
import { type DemoState, statusLine } from './demo-state.ts';
import { sparkline } from './sparkline.ts';

export interface Screen {
  /** Takes the picture away and gives the terminal back. Idempotent. */
  close(): void;
}

const REDRAW_MS = 150;
const LABEL_COLUMNS = 18;
const VALUE_COLUMNS = 12;

/** Draws the state, again and again, in place; it reads no keys, so that Ctrl-C stays a signal. */
export function openScreen(state: DemoState, stream: NodeJS.WriteStream): Screen {
  const instance = render(<Demo state={state} />, { stdout: stream, stderr: stream, exitOnCtrlC: false, patchConsole: false });
  let open = true;
  return {
    close() {
      if (!open) return;
      open = false;
      instance.clear();
      instance.unmount();
    },
  };
}

function Demo({ state }: { readonly state: DemoState }): ReactNode {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((turn) => turn + 1), REDRAW_MS);
    return () => clearInterval(timer);
  }, []);
  const points = state.board.points();
  return (
    <Box flexDirection="column" paddingX={1}>
      <Text bold>Recordings of real sites, replayed by simulated gateways over MQTT into a real hub</Text>
      {state.recordings.map((recording) => (
        <Box key={recording.device} flexDirection="column" marginTop={1}>
          <Text>
            <Text color="cyan">{recording.title}</Text>, {recording.place}
          </Text>
          <Text dimColor wrap="truncate-end">
            {recording.about}
          </Text>
          {points
            .filter(({ device }) => device === recording.device)
            .map((point) => (
              <Text key={point.path} wrap="truncate-end">
                {`  ${point.path.padEnd(LABEL_COLUMNS)}${valueText(point).padStart(VALUE_COLUMNS)}  `}
                <Text color="green">{sparkline(point.shape)}</Text>
              </Text>
            ))}
        </Box>
      ))}
      <Box marginTop={1} flexDirection="column">
        <Text>{statusLine(state)}</Text>
        {state.warning === null ? null : <Text color="yellow">{state.warning}</Text>}
        <Text dimColor>Values as the hub's live stream tells them. Ctrl-C ends it.</Text>
      </Box>
    </Box>
  );
}
