import type { DeliveryConfig } from './channel.ts';

/** Shorter parts of a secret are words that stand anywhere. */
const PART_LENGTH_MIN = 8;
const HIDDEN = '[secret]';

/**
 * Takes the secrets of a channel out of what its receiver says: that goes into the journal, the log and the answers of the API, and many a server repeats
 * the path of a request that it does not know. Also their parts, because a proxy in between may have changed the rest.
 */
export function createRedactor(config: DeliveryConfig, secrets: readonly string[]): (text: string) => string {
  const hidden = new Set<string>();
  const hide = (text: string): void => {
    for (const form of [text, Buffer.from(text).toString('base64'), encodeURIComponent(text), htmlOf(text)])
      if (form.length >= PART_LENGTH_MIN) hidden.add(form);
  };
  const collect = (value: unknown): void => {
    if (typeof value === 'string') for (const part of partsOf(value)) hide(part);
    else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) collect(inner);
  };
  for (const name of secrets) collect((config as unknown as Readonly<Record<string, unknown>>)[name]);
  // The longest first: a part must not be taken out of the middle of the whole.
  const all = [...hidden].sort((one, other) => other.length - one.length);
  return (text) => all.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}

/** The whole, what stands behind `Bearer `, and of a URL what comes behind its host; in pieces too. A host is no secret: its failures name it. */
function partsOf(text: string): string[] {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null) return [text, ...text.split(/\s+/)];
  const path = `${url.pathname}${url.search}`;
  return [text, url.href, path, ...path.split(/[/?&=]/), ...path.split(/[/?&=]/).map(decoded)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function htmlOf(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
