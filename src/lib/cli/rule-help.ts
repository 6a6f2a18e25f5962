/** Where a rule is evaluated. */
export const EDGE_OR_HUB = ['hub', 'edge'] as const;

export const RULE_FILE_HELP = `A file holds one rule, several with \`---\` between them, or a list; docs/operate/rules.md says what stands in it. What \`rule show\` prints is such a file. With several rules, a row each: when some fail, the others are stored, and the exit code is 7.`;
