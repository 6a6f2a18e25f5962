// What both scripts take.
import { parseArgs } from 'node:util';

export function readOptions(extra) {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '100' },
      points: { type: 'string', default: '1,3,10' },
      window: { type: 'string', default: '20' },
      watch: { type: 'string', default: 'one' },
      json: { type: 'boolean', default: false },
      ...extra,
    },
  });
  const points = values.points.split(',').map(Number);
  if (points.some((count) => !(Number.isInteger(count) && count > 0))) throw new Error('--points wants numbers such as 1,3,10');
  if (!['none', 'one', 'all'].includes(values.watch)) throw new Error('--watch wants none, one or all');
  const read = { ...values, points, watch: values.watch === 'none' ? null : values.watch };
  for (const name of ['seconds', 'connections', 'window', 'rounds', 'rate', 'half-seconds']) {
    if (values[name] === undefined) continue;
    read[name] = Number(values[name]);
    if (!(read[name] > 0)) throw new Error(`--${name} wants a number larger than zero`);
  }
  return read;
}
