/** What a value is compared with. */
export interface Comparison {
  /** For what is said of it: `values of its own in 24h`. */
  readonly name: string;
  /** Shows a value; afterwards the figures are of all others that count at that time. */
  look(time: number, value: number): void;
  readonly count: number;
  readonly median: number;
  /** How far values usually are from the median, as a standard deviation; 0: they are all the same. */
  readonly deviation: number;
}
