const PREFIX = 'certificate:';

/** What a session came with, of a certificate; tokens are named by their id, which has no colon. */
export function certificateCredential(fingerprint: string): string {
  return PREFIX + fingerprint;
}

/** The fingerprint; null: it is no certificate. */
export function certificateOfCredential(credential: string | undefined): string | null {
  return credential?.startsWith(PREFIX) ? credential.slice(PREFIX.length) : null;
}
