// Runs work that never overlaps with itself.

/**
 * Makes a function that does the work. A call while the work runs waits for that run and starts no other.
 *
 * @param crashed is called where the work rejects; the function itself never rejects
 */
export function oneAtATime(work: () => Promise<void>, crashed: (cause: unknown) => void): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work()
      .catch(crashed)
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}
