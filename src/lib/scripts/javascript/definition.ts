import type { ScriptLanguage } from '../script-language.ts';

export const javascriptDefinition: ScriptLanguage = {
  name: 'javascript',
  summary: 'JavaScript (ES2023), strict, in an interpreter of its own (QuickJS): function evaluate(input, state)',
  example: `function evaluate(input, state) {
  const hot = input.values.t > 80;
  const count = hot ? (state ?? 0) + 1 : 0;
  return { level: count >= 3 ? 'major' : null, text: 'hot ' + count + ' times', state: count };
}
`,
  load: async () => (await import('./quickjs-engine.ts')).loadQuickJs(),
};
