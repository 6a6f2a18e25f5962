import { createPublicKey, type KeyObject } from 'node:crypto';
import { MusterError } from '../errors/muster-error.ts';
import { objectionTo } from './keys.ts';
import { fromPem } from './pem.ts';
import { isSignedBy, signedOf } from './signature-algorithms.ts';
import { BasicConstraintsExtension, Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from './x509-library.ts';

const REQUEST_CHARACTERS_MAX = 65_536;

/** What a request asks for. Its key is proven: the request is signed with it. */
export interface RequestFacts {
  readonly key: KeyObject;
  readonly commonNames: readonly string[];
  readonly dns: readonly string[];
  readonly uris: readonly string[];
  readonly wantsAuthority: boolean;
}

/** A certificate signing request (PKCS #10, RFC 2986) in PEM, of openssl for example. Throws invalid. */
export function readRequest(pem: string): RequestFacts {
  if (pem.length > REQUEST_CHARACTERS_MAX) throw new MusterError('payload_too_large', `the request is longer than ${REQUEST_CHARACTERS_MAX} characters`);
  const [der, ...more] = fromPem(pem, 'CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
  if (der === undefined || more.length > 0) {
    throw new MusterError('invalid', `there ${more.length > 0 ? 'is more than one' : 'is no'} certificate request in the text`, {
      hint: 'It begins with -----BEGIN CERTIFICATE REQUEST-----; `openssl req -new -key device.key -subj /CN=ID` makes one.',
    });
  }
  let facts: RequestFacts;
  let proven: boolean;
  try {
    facts = factsOf(der);
    proven = isSignedBy(signedOf(der), facts.key);
  } catch (error: unknown) {
    throw new MusterError('invalid', 'the certificate request cannot be read', { cause: error });
  }
  const objection = objectionTo(facts.key);
  if (objection !== null) throw new MusterError('invalid', objection);
  if (!proven) throw new MusterError('invalid', 'the certificate request is not signed with its own key, or with less than SHA-256');
  return facts;
}

function factsOf(der: Buffer): RequestFacts {
  const request = new Pkcs10CertificateRequest(der);
  const names = request.extensions.find((one) => one instanceof SubjectAlternativeNameExtension)?.names.items ?? [];
  return {
    key: createPublicKey({ key: Buffer.from(request.publicKey.rawData), type: 'spki', format: 'der' }),
    commonNames: request.subjectName.getField('CN'),
    dns: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
    uris: names.filter(({ type }) => type === 'url').map(({ value }) => value),
    wantsAuthority: request.extensions.some((one) => one instanceof BasicConstraintsExtension && one.ca),
  };
}
