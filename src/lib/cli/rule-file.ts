import type { RuleDocument } from '../api/schema/rules.ts';
import { MusterError } from '../errors/muster-error.ts';
import { firstLine, nameOfSource, readDefinitionText } from './definition-file.ts';

const DOCUMENTS_MAX = 10_000;

interface RuleSource {
  readonly file: string;
  readonly lineOf: (path: string) => number;
}

/** Where the documents that were read come from, as long as somebody has them. */
const sources = new WeakMap<RuleDocument, RuleSource>();

/** Where something of a rule stands that was read from a file: path as `when.bands.0.high`, line from 1. Nothing for other rules. */
export function placeInFile(document: RuleDocument, path: string): { readonly file: string; readonly line: number } | null {
  const source = sources.get(document);
  return source === undefined ? null : { file: source.file, line: source.lineOf(path) };
}

/**
 * The rules of a YAML or JSON file (- for stdin): one document, several (with `---` between them), or a list. What `rule show` and `rule list` print as JSON or YAML
 * is taken as well. The hub checks what is in them.
 */
export async function readRuleFile(file: string, signal: AbortSignal): Promise<readonly RuleDocument[]> {
  const text = await readDefinitionText(file, signal);
  const rules = await parseRuleText(text, file);
  if (rules.length === 0) throw new MusterError('usage', `${nameOfSource(file)} holds no rule.`, { details: { file } });
  if (rules.length > DOCUMENTS_MAX) throw new MusterError('usage', `${nameOfSource(file)} holds ${rules.length} rules; ${DOCUMENTS_MAX} are the most.`);
  return rules;
}

/** The same for a file with one rule. */
export async function readOneRule(file: string, signal: AbortSignal): Promise<RuleDocument> {
  const [rule, ...others] = await readRuleFile(file, signal);
  if (rule === undefined || others.length > 0) {
    throw new MusterError('usage', `${nameOfSource(file)} holds ${others.length + 1} rules, and one is wanted.`, {
      hint: 'Put that one into a file of its own.',
      details: { file },
    });
  }
  return rule;
}

export async function parseRuleText(text: string, file: string): Promise<readonly RuleDocument[]> {
  const { isMap, isNode, isSeq, LineCounter, parseAllDocuments } = await import('yaml');
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter });
  const documents = 'empty' in parsed ? [] : parsed;
  const values = documents.flatMap((document): { readonly value: unknown; readonly node: unknown }[] => {
    const [error] = document.errors;
    if (error) {
      throw new MusterError('usage', `${nameOfSource(file)} is neither YAML nor JSON.`, { cause: error, hint: firstLine(error), details: { file } });
    }
    // Aliases could blow a small file up; a rule has no need of many.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    const { contents } = document;
    if (value === null) return [];
    return Array.isArray(value)
      ? value.map((one: unknown, index) => ({ value: one, node: isSeq(contents) ? contents.items[index] : null }))
      : [{ value, node: contents }];
  });
  /** Of the deepest part of the path that there is: what is missing is missing there. */
  const lineOf = (start: unknown, path: readonly string[]): number => {
    let node = start;
    let offset = isNode(start) ? (start.range?.[0] ?? 0) : 0;
    for (const name of path) {
      let next: unknown = null;
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => String(key) === name);
        if (pair === undefined) break;
        if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
        next = pair.value;
      } else if (isSeq(node)) {
        next = node.items[Number(name)];
        if (isNode(next)) offset = next.range?.[0] ?? offset;
      }
      node = next;
    }
    return lineCounter.linePos(offset).line;
  };
  return values.map(({ value, node }, index) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new MusterError('usage', `${values.length === 1 ? nameOfSource(file) : `Rule ${index + 1} of ${nameOfSource(file)}`} is no object.`, {
        hint: 'A rule has the keys id, scope, when and others: see docs/operate/rules.md.',
        details: { file },
      });
    }
    const whole = value as Readonly<Record<string, unknown>>;
    const document = documentIn(whole);
    const prefix = document === whole ? [] : ['document'];
    sources.set(document, { file: nameOfSource(file), lineOf: (path) => lineOf(node, [...prefix, ...(path === '' ? [] : path.split('.'))]) });
    return document;
  });
}

/** The hub's own answer has the document inside. */
function documentIn(value: Readonly<Record<string, unknown>>): RuleDocument {
  const { document } = value;
  const isAnswer = typeof document === 'object' && document !== null && !Array.isArray(document) && !('when' in value);
  return (isAnswer ? document : value) as RuleDocument;
}

/** A document as a file, its keys in the order in which one reads a rule. */
export async function ruleYaml(document: RuleDocument): Promise<string> {
  const { stringify } = await import('yaml');
  const known = ORDER.filter((key) => Object.hasOwn(document, key));
  const others = Object.keys(document).filter((key) => !ORDER.includes(key));
  return stringify(Object.fromEntries([...known, ...others].map((key) => [key, document[key]])), { aliasDuplicateObjects: false, lineWidth: 0 });
}

const ORDER: readonly string[] = [
  ...['id', 'description', 'enabled', 'scope', 'when', 'onDelay', 'offDelay', 'repeat', 'severities', 'message', 'labels'],
  ...['latch', 'requiresAck', 'reAlarm', 'calendar', 'suppressedBy', 'actions', 'runsAt', 'late'],
];
