/**
 * Milliseconds between two kubelets while there is something more urgent. A TLS handshake takes the thread about a
 * millisecond, several times for each kubelet, and a review must not wait for those of 32 kubelets at once.
 */
const GAP = 10;

/**
 * Spaces the kubelets of a sweep while this process has something more urgent to do, such as reviews to answer.
 *
 * @param isUrgent tells whether it has, at this moment
 * @param pause resolves after so many milliseconds, or rejects when the signal aborts
 * @returns what resolves when the next kubelet may be asked
 */
export function giveWay(
  isUrgent: () => boolean,
  pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>,
): (signal: AbortSignal) => Promise<unknown> {
  return (signal) => (isUrgent() ? pause(GAP, signal) : Promise.resolve());
}
