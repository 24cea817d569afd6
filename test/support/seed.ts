/** For properties that use other programs: CI runs the same cases each time, a person new ones; fast-check prints the seed. */
export const seeded = process.env.CI === undefined ? {} : { seed: 20_261_123 };
