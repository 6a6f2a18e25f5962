import { type Batch, withChanges } from '../batch.ts';
import type { IngestContext } from '../context.ts';

/** Samples past the alarm rules: what they change there is committed with them. */
export function evaluate(batch: Batch, context: IngestContext): Batch {
  const changes = context.alarms?.evaluate(batch.device, batch.samples, batch.message.receivedAt) ?? null;
  return changes === null ? batch : withChanges(batch, changes);
}
