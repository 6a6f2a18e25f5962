import type { MusterError } from '../errors/muster-error.ts';
import type { DeviceEntry } from '../fleet/directory.ts';
import type { CommitListener } from './group-commit.ts';
import type { InboundMessage } from './inbound-message.ts';
import type { AnswerReceiver, Outcome } from './ingest.ts';
import type { Begun } from './repeats.ts';

/** What the pipeline does when the disk has answered; the outcome is what the sender is told. */
export interface Ends {
  committed(message: InboundMessage, device: DeviceEntry, begun: Begun, outcome: Outcome): Outcome;
  notCommitted(message: InboundMessage, device: DeviceEntry, begun: Begun, error: unknown, isSecondTry: boolean): Promise<Outcome>;
}

/** A message that waits for the disk. One object: what thousands of them hold is copied by the garbage collector again and again. */
export class UnderWay implements CommitListener {
  readonly #ends: Ends;
  readonly #message: InboundMessage;
  readonly #device: DeviceEntry;
  readonly #outcome: Outcome;
  readonly #begun: Begun;
  readonly #receiver: AnswerReceiver;

  constructor(ends: Ends, message: InboundMessage, device: DeviceEntry, outcome: Outcome, begun: Begun, receiver: AnswerReceiver) {
    this.#ends = ends;
    this.#message = message;
    this.#device = device;
    this.#outcome = outcome;
    this.#begun = begun;
    this.#receiver = receiver;
  }

  committed(): void {
    try {
      this.#receiver.taken(this.#ends.committed(this.#message, this.#device, this.#begun, this.#outcome));
    } catch (error: unknown) {
      // A bug of the adapter: it must not keep the other messages of the group from their answers, and is told as one of a promise would be.
      void Promise.reject(error);
    }
  }

  failed(error: MusterError): void {
    this.#ends.notCommitted(this.#message, this.#device, this.#begun, error, false).then(
      (outcome) => this.#receiver.taken(outcome),
      (reason: unknown) => this.#receiver.notTaken(reason),
    );
  }
}
