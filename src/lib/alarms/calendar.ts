/** When a rule is in force: spans of the week in a time zone, without some days. */
export interface Calendar {
  /** IANA name */
  readonly timezone: string;
  /** Minutes since Monday 00:00 of the wall clock, half-open. Sorted, disjoint. Empty: the whole week. */
  readonly spans: readonly { readonly from: number; readonly to: number }[];
  /** Days it is not in force, YYYY-MM-DD. */
  readonly except: readonly string[];
}
