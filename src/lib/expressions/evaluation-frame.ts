/**
 * Units of work of one evaluation: about one operation each, a millisecond for some ten thousand. An expression is a single line that is computed for each sample or
 * message; nested loops over long lists would hold up everything else.
 */
export const WORK_MAX = 500_000;
/** Of a text that an expression builds. */
export const TEXT_LENGTH_MAX = 16_384;
/** Of a list that an expression builds. */
const LIST_LENGTH_MAX = 65_536;

/** What one evaluation works on. Made once for each expression: an evaluation makes no garbage of its own. */
export interface Frame {
  bindings: Readonly<Record<string, unknown>>;
  /** Values of the loop variables, by their depth. */
  readonly locals: unknown[];
  workLeft: number;
}

/** Why there is no value. Thrown inside of an evaluation only; not an Error, because a stack trace costs more than the expression. */
export class Failure {
  readonly message: string;
  /** It ends the evaluation: `&&` and `||` do not hide it. */
  readonly final: boolean;

  constructor(message: string, final = false) {
    this.message = message;
    this.final = final;
  }
}

export function spend(frame: Frame, work: number): void {
  frame.workLeft -= work;
  if (frame.workLeft < 0) throw new Failure('it takes too long: too many steps', true);
}

export function boundedText(frame: Frame, text: string): string {
  if (text.length > TEXT_LENGTH_MAX) throw new Failure(`a text would be longer than ${TEXT_LENGTH_MAX} characters`, true);
  spend(frame, text.length >> 5);
  return text;
}

export function boundedList<T>(frame: Frame, list: readonly T[]): readonly T[] {
  if (list.length > LIST_LENGTH_MAX) throw new Failure(`a list would be longer than ${LIST_LENGTH_MAX} entries`, true);
  spend(frame, list.length >> 2);
  return list;
}
