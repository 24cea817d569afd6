import { CA_CODES } from '../../policy/authority-faults.ts';
import type { Finding } from '../../policy/types.ts';

/**
 * Adds to what a kubelet says of itself what is wrong with its client CA file. The TLS hello names the CAs of that file, and
 * nothing else of them: it does not refute that one has expired, or may not sign others.
 *
 * @param live by the kubelet's answer
 * @param running by its host
 */
export function withFile(live: Finding, running: readonly Finding[]): Finding {
  const own = running.find(({ control }) => control.slug === live.control.slug);
  if (own === undefined || live.outcome.result !== 'pass') return live;
  const { outcome } = own;
  if (outcome.result === 'pass') return { ...live, outcome: { ...live.outcome, warnings: outcome.warnings } };
  const isOfFile = outcome.result === 'fail' && outcome.violations.every(({ code }) => Object.hasOwn(CA_CODES, code));
  return isOfFile ? { ...live, outcome } : live;
}
