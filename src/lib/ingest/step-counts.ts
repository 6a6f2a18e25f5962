export const SPINE_STEPS = ['admit', 'decode', 'resolve', 'evaluate', 'commit', 'publish'] as const;
export type SpineStep = (typeof SPINE_STEPS)[number];

/**
 * Messages that went into each step of the spine, and those that it gave on, since the start. Plain numbers: the spine adds to them for each message.
 * What is missing behind a step was refused there, or is in it. Nothing is refused while it is published: `out` of that step counts what had its turn.
 */
export type StepCounts = Readonly<Record<SpineStep, { in: number; out: number }>>;

export function newStepCounts(): StepCounts {
  return {
    admit: { in: 0, out: 0 },
    decode: { in: 0, out: 0 },
    resolve: { in: 0, out: 0 },
    evaluate: { in: 0, out: 0 },
    commit: { in: 0, out: 0 },
    publish: { in: 0, out: 0 },
  };
}
