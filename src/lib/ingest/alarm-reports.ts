import type { InboundMessage } from './inbound-message.ts';
import type { Outcome } from './ingest.ts';

/** Alarms that gateways find themselves, as protocol adapters see their way in (supervision/ implements it). */
export interface AlarmReports {
  /**
   * Resolves when what the message says is on disk, or noted among the device's rejected messages: only then may the adapter acknowledge. Rejects as
   * Ingest.accept does: then it must not.
   */
  accept(message: InboundMessage): Promise<Outcome>;
}
