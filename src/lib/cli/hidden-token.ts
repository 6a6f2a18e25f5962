/** What of a token may be shown: its id, which is no secret. */
export function hiddenToken(token: string | null): string | null {
  if (token === null) return null;
  const id = /^(ms[td]_[A-Za-z0-9-]+)_./.exec(token)?.[1];
  return id === undefined ? '…' : `${id}_…`;
}
