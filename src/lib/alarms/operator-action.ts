/** What a person or script does with an alarm. Times in ms. */
export type OperatorAction =
  | { readonly kind: 'ack'; readonly comment: string | null }
  | { readonly kind: 'comment'; readonly comment: string }
  /** null: to nobody. */
  | { readonly kind: 'assign'; readonly assignee: string | null }
  /** `until`: ms since 1970; `once`: until the condition returns to normal, and at the latest then. */
  | { readonly kind: 'shelve'; readonly until: number; readonly once: boolean; readonly comment: string | null }
  | { readonly kind: 'unshelve' }
  /** Ends the latch of an alarm whose condition does not hold any more. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'suppress'; readonly comment: string | null }
  | { readonly kind: 'unsuppress' }
  | { readonly kind: 'out-of-service'; readonly comment: string | null }
  | { readonly kind: 'in-service' };
