export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST' | 'X509 CRL';

export function toPem(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Everything of these labels in a text, in its order. */
export function fromPem(text: string, ...labels: readonly string[]): Buffer[] {
  const found: Buffer[] = [];
  for (const [, label = '', body = ''] of text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*)-----END \1-----/g)) {
    if (labels.includes(label)) found.push(Buffer.from(body.replaceAll(/\s/g, ''), 'base64'));
  }
  return found;
}
