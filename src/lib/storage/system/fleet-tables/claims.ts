/** Claims, the devices that came with them, and the rules that decide about those (domain/claim.ts). */
export const CLAIM_TABLES = `
`;
