import { javascriptDefinition } from './javascript/definition.ts';
import type { ScriptLanguage } from './script-language.ts';

export const SCRIPT_LANGUAGES: readonly ScriptLanguage[] = [javascriptDefinition];

export function scriptLanguage(name: string): ScriptLanguage | undefined {
  return SCRIPT_LANGUAGES.find((language) => language.name === name);
}
