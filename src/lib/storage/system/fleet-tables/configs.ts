/** Configuration documents of devices: wanted, reported, and their versions. */
export const CONFIG_TABLES = `
`;
