/** The other side of startActor: answers questions in the order of their work, ends with the process that asks. */
export function answer<Question>(work: (question: Question) => Promise<unknown>): void {
  process.on('message', ({ question, content }: { readonly question: number; readonly content: Question }) => {
    work(content).then(
      (result) => process.send?.({ question, answer: result }),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
