// What names the node of a kubelet in the kubelet's own settings: a flag, and the client certificate in its kubeconfig.

import { asRecord, asRecords, asText } from '../../json.ts';
import type { ProcessDocument } from '../../policy/document.ts';
import { within, type Allowance, type Budget } from '../budget.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';
import { parseStream } from '../yaml/documents.ts';
import { DEFAULT_PLACE, kubeletPlace } from '../host/kubelet-place.ts';

/** Where the client certificate of a kubelet is. */
type ClientCertificate = { readonly path: string } | { readonly pem: string };

/** The value of a kubelet's --hostname-override; undefined if it has none. */
export function hostnameOverride(kubelet: ProcessDocument, allowance: Allowance): string | undefined {
  return within(allowance, DEFAULT_PLACE, (budget) => kubeletPlace(kubelet, budget)).hostname;
}

/** The client certificate that a kubelet's kubeconfig names; undefined if there is none, or if it cannot be read. */
export function clientCertificateOf(kubelet: ProcessDocument, allowance: Allowance): ClientCertificate | undefined {
  return within(allowance, undefined, (budget) => certificateIn(kubelet, budget));
}

function certificateIn(kubelet: ProcessDocument, budget: Budget): ClientCertificate | undefined {
  const { kubeconfig } = kubeletPlace(kubelet, budget);
  const content = kubeconfig === undefined ? undefined : kubelet.files.readFile(kubeconfig);
  if (kubeconfig === undefined || content?.state !== 'read') return undefined;
  const [first] = parseStream(content.text, budget);
  if (first === undefined || 'problem' in first) return undefined;
  const { contexts, users, 'current-context': current } = asRecord(first.value);
  const context = asRecord(asRecords(contexts).find(({ name }) => name === current)?.context);
  const user = asRecord(asRecords(users).find(({ name }) => name === context.user)?.user);
  const data = asText(user['client-certificate-data']);
  // client-go prefers the data (tools/clientcmd/client_config.go, and rest.TLSClientConfig)
  if (data !== undefined) return { pem: data };
  const path = asText(user['client-certificate']);
  if (path === undefined) return undefined;
  return { path: isAbsolute(path) ? path : joinPath(kubeconfig.slice(0, kubeconfig.lastIndexOf('/') + 1), path) };
}
