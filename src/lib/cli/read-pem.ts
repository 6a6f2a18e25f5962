import { MusterError } from '../errors/muster-error.ts';
import { nameOfSource, readDefinitionText } from './definition-file.ts';

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----/g;

/** The text of a PEM file (- for stdin). What holds a private key is never sent anywhere, so it is refused here. */
export async function readPublicPem(file: string, signal: AbortSignal): Promise<string> {
  const text = await readDefinitionText(file, signal);
  const labels = [...text.matchAll(PEM)].map(([, label]) => label ?? '');
  if (labels.length === 0)
    throw new MusterError('usage', `${nameOfSource(file)} holds no PEM.`, {
      hint: 'It begins with -----BEGIN; `openssl x509 -inform der` turns DER into it.',
      details: { file },
    });
  if (labels.some((label) => label.includes('PRIVATE KEY')))
    throw new MusterError('usage', `${nameOfSource(file)} holds a private key, which is to stay where it is.`, {
      hint: 'Give the certificate or request alone.',
      details: { file },
    });
  return text;
}
