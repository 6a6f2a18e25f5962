import type { InboundMessage } from './inbound-message.ts';
import type { Outcome } from './ingest.ts';
import type { RateLimitKind } from './rate-limiter.ts';

/** What the spine tells about each message; what becomes of the figures is somebody else's. Called on the hot path: cheap, never throws. */
export interface IngestMeter {
  /** Everything that was accepted is on disk now. */
  answered(message: InboundMessage, outcome: Outcome): void;
  /** Not stored, not to be acknowledged: `overloaded`, `storage_failed`, `stopping`, ... */
  failed(message: InboundMessage, code: string): void;
  /** Refused for its rate, not to be acknowledged. `hub-times`: more values without a time of their own than there are milliseconds. */
  limited(message: InboundMessage, kind: RateLimitKind | 'hub-times'): void;
  /** Left unread for a while for its rate. */
  heldBack(): void;
  /** Known already, and answered as it was the first time. */
  repeated(message: InboundMessage): void;
}
