import { type Batch, withChanges } from '../batch.ts';
import type { IngestContext } from '../context.ts';

/** Samples past the alarm rules: what they change there is committed with them. */
export function evaluate(batch: Batch, context: IngestContext): Batch {
  const { receivedAt, origin } = batch.message;
  // A key that stands for one payload has been looked up: it is no repeat.
  const mayBeRepeat = origin?.mayBeRepeat === true && origin.onePayload !== true;
  const changes = context.alarms?.evaluate(batch.device, batch.samples, receivedAt, mayBeRepeat) ?? null;
  return changes === null ? batch : withChanges(batch, changes);
}
