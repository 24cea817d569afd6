// What a page without a report says: why there is none, and where there is one.

import { distanceText } from '../ages.ts';
import { html, isolated, type Html } from '../html.ts';
import type { LiveState } from '../live.ts';

/** Where the pods are is not known here; the manifests put them into this namespace. */
const AT_THE_LEADER = `leader=$(kubectl --namespace kubelet-guard get lease kubelet-guard-sweeper \\
  --output jsonpath='{.spec.holderIdentity}' | cut -d_ -f1)
kubectl --namespace kubelet-guard port-forward "$leader" 8080`;

/** What to do next. */
export function nextWithoutReport({ sweeper, now }: LiveState): Html {
  const { leadership, runningSince } = sweeper ?? {};
  if (leadership?.state === 'leading') {
    const age = runningSince === undefined ? undefined : distanceText(runningSince, now);
    const sweep = age === undefined ? 'The next sweep begins by itself.' : `A sweep runs; it began ${age}.`;
    return html`<p>No sweep of this process was complete yet. ${sweep} The page shows its report when it ends.</p>`;
  }
  const command = leadership === undefined ? AT_THE_LEADER : leadership.state === 'following' && leadership.command;
  return html`<p>Only the replica that sweeps has the report${leadership?.state === 'following' && html`: ${isolated(leadership.leader)}`}.
    ${command === undefined || command === false ? 'Open its page.' : 'Forward its port, and open the page there:'}</p>
    ${typeof command === 'string' && html`<pre><code>${command}</code></pre>`}`;
}
