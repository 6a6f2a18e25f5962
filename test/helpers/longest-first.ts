import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Begun last, each of them would run on alone when all others are through. The proofs come after one another, so they are one of them. */
const LONGEST = ['test/proof/proof.test.ts', 'test/commands/contract.test.ts', 'test/commands/examples.test.ts', 'test/contracts/sample-store.test.ts'];

/** On a clean clone vitest knows no durations and begins with the largest files. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    const place = ({ moduleId }: TestSpecification): number => LONGEST.findIndex((path) => moduleId.endsWith(path));
    const longest = usual.filter((file) => place(file) !== -1).sort((one, other) => place(one) - place(other));
    return [...longest, ...usual.filter((file) => place(file) === -1)];
  }
}
