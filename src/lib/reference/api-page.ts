import { code, generatedPage, table } from './markdown.ts';

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
}

/** docs/reference/api.md, from the OpenAPI document. */
export function apiPage(document: Readonly<Record<string, unknown>>): string {
  const paths = (document.paths ?? {}) as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  const rows = new Map<string, string[][]>();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? 'other';
      const query = (operation.parameters ?? []).filter((parameter) => parameter.in === 'query').map((parameter) => code(parameter.name));
      const row = [code(`${method.toUpperCase()} ${path}`), operation.summary ?? '', operation.description ?? '', query.join(', ')];
      rows.set(tag, [...(rows.get(tag) ?? []), row]);
    }
  }
  return generatedPage(
    'The API',
    'src/lib/api',
    'All shapes of requests and answers: [openapi.json](openapi.json), which a hub serves at `/api/v1/openapi.json`. Lists are paged: pass `cursor` of an answer as `?cursor=` for the next page. Times are ms since 1970, UTC. Errors are problem documents (RFC 9457) with a [code](errors.md).',
    ...[...rows]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([tag, list]) => [`## ${tag}`, table(['request', 'what it does', 'more', 'query'], list)]),
  );
}
