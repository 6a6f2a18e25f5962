export const OUTPUT_FORMATS = ['table', 'json', 'ndjson', 'csv', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/**
 * What the command line asks for, read without parsing it: an error must come in the right form even when the
 * parsing is what failed.
 */
export function requestedFormat(argv: readonly string[]): OutputFormat {
  let format: OutputFormat = 'table';
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (word === '--json') return 'json';
    let named: string | undefined;
    if (word === '--output' || word === '-o') named = argv[index + 1];
    else if (word.startsWith('--output=')) named = word.slice('--output='.length);
    else if (word.startsWith('-o')) named = word.slice(2).replace(/^=/, '');
    const known = OUTPUT_FORMATS.find((candidate) => candidate === named);
    if (known) format = known;
  }
  return format;
}
