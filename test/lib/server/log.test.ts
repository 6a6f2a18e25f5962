import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/lib/server/log.ts';

describe('the log as text', () => {
  it('gives strangers neither a line of their own nor the terminal', () => {
    const lines: string[] = [];
    const log = createLog('info', 'text', (line) => lines.push(line));
    log.error({ topic: '\u001b[2Jgone', reason: 'two\nlines', plain: 'a/b' }, 'broken\n2026-01-01 error forged \u001b[31m');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\S+Z error broken 2026-01-01 error forged {2}\[31m topic="\\u001b\[2Jgone" reason="two\\nlines" plain=a\/b\n$/);
  });
});
