import { filterFlag } from './flags.ts';

const several = { multiple: true, multipleNonGreedy: true } as const;

/** The scope of a rule or of a maintenance. Each narrows; several of one kind widen, but for labels, which must all hold. */
export const scopeFlags = {
  type: filterFlag({ summary: 'Of devices of this type', helpValue: '<type>', ...several }),
  group: filterFlag({ summary: 'Of devices in this group (label `group`), and in those below it', helpValue: '<path>', ...several }),
  label: filterFlag({ summary: 'Of devices with this label', helpValue: '<name[=value]>', ...several }),
  device: filterFlag({ summary: 'Of this device; * stands for any text', helpValue: '<device>', ...several }),
  point: filterFlag({ summary: 'This point; * stands for any text', helpValue: '<path>', ...several }),
};

export interface ScopeChoice {
  readonly type?: readonly string[] | undefined;
  readonly group?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly device?: readonly string[] | undefined;
  readonly point?: readonly string[] | undefined;
}

/** As it stands in a document; a single one as a text. */
export function scopeOf({ type, group, label, device, point }: ScopeChoice): Record<string, string | readonly string[]> {
  const given = { type, group, labels: label, device, points: point };
  const scope: Record<string, string | readonly string[]> = {};
  for (const [part, wanted] of Object.entries(given)) {
    const [first] = wanted ?? [];
    if (wanted !== undefined && first !== undefined) scope[part] = wanted.length === 1 ? first : wanted;
  }
  return scope;
}
