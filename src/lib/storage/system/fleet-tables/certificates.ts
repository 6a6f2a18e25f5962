/** Authorities, and the certificates they gave. */
export const CERTIFICATE_TABLES = `
`;
