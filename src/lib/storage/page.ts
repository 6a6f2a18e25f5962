/** A part of a list. Its end is where `cursor` is null; a page may have fewer rows than were asked for, and none at all, before that. */
export interface Page<Row> {
  readonly items: readonly Row[];
  readonly cursor: string | null;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | null | undefined;
}
