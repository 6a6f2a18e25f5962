import { MusterError } from '../errors/muster-error.ts';

/** `127.0.0.1:8080`, `https://hub.example.org/muster/` -> a URL without a slash at its end. */
export function normalizeHubUrl(text: string): string {
  const complete = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  let url: URL;
  try {
    url = new URL(complete);
  } catch (error: unknown) {
    throw new MusterError('usage', `\`${text}\` is not the URL of a hub.`, { hint: 'Write it as http://127.0.0.1:8080.', cause: error });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new MusterError('usage', `\`${text}\` is not an http or https URL.`, {
      hint: 'The commands talk to the HTTP port of the hub, such as http://127.0.0.1:8080.',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new MusterError('usage', 'The URL of a hub holds no user and password.', { hint: 'Log in with `muster login --url URL --user NAME`.' });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}`;
}

/** The path of one of a collection: `devices`, `a/b` -> `/devices/a%2Fb`. */
export function pathOf(collection: string, id: string): string {
  return `/${collection}/${encodeURIComponent(id)}`;
}

/** Encodes each level of a path and keeps its slashes: `boiler/temp 1` -> `boiler/temp%201`. */
export function encodeLevels(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

export type QueryValue = string | number | boolean | null | undefined;
/** Lists repeat their name. What is null or undefined is left out. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>;

/** `?a=1&b=x&b=y`, or nothing. */
export function queryText(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== null && one !== undefined) parameters.append(name, String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}
