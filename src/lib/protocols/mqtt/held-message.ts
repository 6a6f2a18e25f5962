import type { AnswerReceiver, Outcome } from '../../ingest/ingest.ts';
import type { Qos } from './codec/packet.ts';
import { REASON, type ReasonCode } from './codec/reason-codes.ts';
import type { Prepared } from './sessions/dispatcher.ts';
import type { SettledAnswer, Settling } from './sessions/session.ts';

/** What ingest says of a message goes to the client that sent it. */
export interface AnswersOfIngest {
  reportTaken(held: HeldMessage, outcome: Outcome): void;
  /** It is not on disk. */
  notStored(held: HeldMessage, error: unknown): void;
}

/** A message between its arrival and its answer; answers leave in the order of arrival [MQTT-4.6.0-2]. */
export class HeldMessage implements Settling, AnswerReceiver {
  readonly #sender: AnswersOfIngest;
  readonly packetId: number;
  readonly qos: Qos;
  prepared: Prepared | null = null;
  isSettled = false;
  code: ReasonCode = REASON.success;
  reason: string | null = null;
  /** Not stored: it must not be acknowledged. */
  failed = false;
  next: HeldMessage | null = null;
  #followers: ((answer: SettledAnswer) => void)[] | null = null;
  #afterwards: (() => void)[] | null = null;

  constructor(sender: AnswersOfIngest, packetId: number, qos: Qos) {
    this.#sender = sender;
    this.packetId = packetId;
    this.qos = qos;
  }

  taken(outcome: Outcome): void {
    this.#sender.reportTaken(this, outcome);
  }

  notTaken(error: unknown): void {
    this.#sender.notStored(this, error);
  }

  follow(listener: (answer: SettledAnswer) => void): void {
    this.#followers ??= [];
    this.#followers.push(listener);
  }

  afterwards(listener: () => void): void {
    this.#afterwards ??= [];
    this.#afterwards.push(listener);
  }

  answered(): void {
    if (this.#afterwards !== null) for (const listener of this.#afterwards) listener();
  }

  settle(): void {
    this.isSettled = true;
    if (this.#followers !== null) for (const follower of this.#followers) follower(this);
  }
}
