/** The history of connections, births, clock offsets and health of devices. */
export const CONNECTION_TABLES = `
`;
