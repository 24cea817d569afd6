// Lets reviews go before the kubelets of a sweep.

/**
 * Milliseconds between two kubelets while reviews are pending. A TLS handshake takes about a millisecond of the thread, several
 * times for each kubelet, and a review must not wait for those of 32 kubelets at once.
 */
const GAP = 10;

/**
 * Spaces the kubelets of a sweep while reviews are pending.
 *
 * @param isReviewing tells whether reviews are pending now
 * @param pause resolves after this many milliseconds, or rejects when the signal aborts
 * @returns a function that resolves when the next kubelet may be asked
 */
export function yieldToReviews(
  isReviewing: () => boolean,
  pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>,
): (signal: AbortSignal) => Promise<unknown> {
  return (signal) => (isReviewing() ? pause(GAP, signal) : Promise.resolve());
}
