import type { z } from 'zod';

/** A way in. It knows its own contract and the domain: not storage, not alarms, not another protocol. */
export interface Protocol {
  /** Binds and takes traffic. Rejects with a MusterError (`address_in_use`, ...) when it cannot. */
  start(signal?: AbortSignal): Promise<void>;
  /** Stops taking new messages; what is under way is answered. Idempotent. */
  drain(): Promise<void>;
  /** Closes every connection. Idempotent. */
  stop(): Promise<void>;
  /** The real addresses, port 0 resolved. */
  readonly listeners: readonly { readonly name: string; readonly url: string; readonly host: string; readonly port: number }[];
}

export interface ProtocolDefinition<Ports, Instance extends Protocol = Protocol> {
  readonly name: string;
  readonly summary: string;
  readonly settings: z.ZodType;
  load(): Promise<{ create(ports: Ports): Instance }>;
}
