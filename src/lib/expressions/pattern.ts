import type { ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { type Code, checked, type EmitContext, Mistake, stepsOf } from './code.ts';
import { spend } from './evaluation-frame.ts';

const PATTERN_LENGTH_MAX = 200;

export const MATCHES_USAGE = 'text.matches("pattern")';
export const MATCHES_SUMMARY = 'a regular expression (RE2) is found in it; the pattern stands in quotes';

/**
 * A regular expression that ends in time linear in the text (RE2). The pattern is written in the expression: so it is compiled once, and its mistakes show when the
 * rule is made.
 */
export function emitPattern(nodes: readonly ASTNode[], context: EmitContext, position: number): Code {
  const [textNode, patternNode] = nodes;
  if (textNode === undefined || patternNode?.op !== 'value' || typeof patternNode.args !== 'string' || nodes.length !== 2) {
    throw new Mistake(`it is ${MATCHES_USAGE}, with the pattern as a text in quotes`, position);
  }
  const source = patternNode.args;
  if (source.length > PATTERN_LENGTH_MAX) throw new Mistake(`a pattern has at most ${PATTERN_LENGTH_MAX} characters`, patternNode.start);
  const pattern = compilePattern(source, patternNode.start);
  const text = checked(context.emit(textNode, context), 'string', 'matches', textNode.start);
  return {
    type: 'bool',
    steps: stepsOf([text]) + 10,
    run: (frame) => {
      const value = text.run(frame) as string;
      spend(frame, value.length * (1 + (source.length >> 3)));
      return pattern.matcher(value).find();
    },
  };
}

function compilePattern(source: string, position: number): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error: unknown) {
    throw new Mistake(`the pattern is wrong: ${error instanceof Error ? error.message.slice(0, 120) : 'unknown'}`, position);
  }
}
