import type { Column } from './column.ts';
import type { Context } from './contexts.ts';
import { hiddenToken } from './hidden-token.ts';

/** A context as it is shown: its token by the id alone. */
export interface ContextRow {
  readonly name: string;
  readonly current: boolean;
  readonly url: string;
  readonly project: string | null;
  readonly readOnly: boolean;
  readonly token: string | null;
  readonly ca: string | null;
}

export function contextRow(context: Context, current: string | null): ContextRow {
  return {
    name: context.name,
    current: context.name === current,
    url: context.url,
    project: context.project,
    readOnly: context.readOnly,
    token: hiddenToken(context.token),
    ca: context.ca ?? null,
  };
}

export const CONTEXT_COLUMNS: readonly Column<ContextRow>[] = [
  { name: 'current', value: (row) => row.current, text: (row) => (row.current ? '*' : '') },
  { name: 'name', value: (row) => row.name, keep: true },
  { name: 'url', value: (row) => row.url },
  { name: 'project', value: (row) => row.project },
  { name: 'read-only', value: (row) => row.readOnly, text: (row) => (row.readOnly ? 'yes' : 'no') },
  { name: 'token', value: (row) => row.token },
  { name: 'ca', value: (row) => row.ca, wide: true },
];
