import process from 'node:process';

const NOBODY = 65_534;

/** Does something with the rights of a user who is not root. */
export function asOther<T>(act: () => T): T {
  const { geteuid, seteuid } = process;
  if (geteuid === undefined || seteuid === undefined) throw new Error('needs users');
  const before = geteuid();
  if (before !== 0) return act();
  seteuid(NOBODY);
  try {
    return act();
  } finally {
    seteuid(before);
  }
}
