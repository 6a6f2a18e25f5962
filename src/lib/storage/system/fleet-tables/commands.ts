/** What was asked of devices and what became of it (domain/command.ts), and jobs: the same for many devices (domain/job.ts). */
export const COMMAND_TABLES = `
`;
