import { isNestedTooDeep, TOO_DEEP } from '../domain/json-text.ts';
import { messageOf } from '../errors/muster-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** Strict UTF-8 and strict JSON; the reason of a failure is fit to show to whoever sent the bytes. */
export function parseJson(payload: Uint8Array): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string } {
  if (isNestedTooDeep(payload)) return { ok: false, reason: `the payload is refused: ${TOO_DEEP}` };
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return { ok: false, reason: 'the payload is not UTF-8 text' };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error: unknown) {
    // The engine quotes the input in its message; the reject record shows its head anyway.
    const position = /position \d+/.exec(messageOf(error))?.[0];
    return { ok: false, reason: text.trim() === '' ? 'the payload is empty' : `the payload is not JSON${position ? ` (at ${position})` : ''}` };
  }
}
