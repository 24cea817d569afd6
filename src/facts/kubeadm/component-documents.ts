// The documents in the key `kubelet` of kubelet-config, as kubeadm splits them (kubernetes
// cmd/kubeadm/app/util/marshal.go, SplitConfigDocuments; cmd/kubeadm/app/componentconfigs/configset.go).

import { asRecord, asText } from '../../json.ts';
import type { Budget } from '../budget.ts';
import { parseAll, type BrokenDocument, type ParsedDocument } from '../yaml/documents.ts';

/** The document of a text that kubeadm uses. */
export interface EmbeddedDocument {
  readonly document: ParsedDocument | BrokenDocument | undefined;
  /** Why kubeadm rejects the whole text, although the document itself may be readable. */
  readonly fault?: string;
}

const GROUP = 'kubelet.config.k8s.io/';
/** kubeadm allows only a comment after the dashes. */
const BAD_SEPARATOR = /^---[^\S\n]*[^\s#]/m;

/** The document of the kubelet's API group, or the first document if there is none. */
export function readComponentConfiguration(text: string, budget: Budget): EmbeddedDocument {
  const documents = parseAll(text, budget);
  const [first] = documents;
  if (documents.length < 2) return { document: first && isEmpty(first) ? undefined : first };
  const ours = documents.filter((document) => 'value' in document && apiVersionOf(document).startsWith(GROUP));
  const fault = faultOf(text, documents) ?? (ours.length > 1 ? `it holds several documents of ${GROUP}` : undefined);
  return { document: ours[0] ?? first, ...(fault !== undefined && { fault }) };
}

function faultOf(text: string, documents: readonly (ParsedDocument | BrokenDocument)[]): string | undefined {
  const kinds = new Set<string>();
  for (const document of documents) {
    const ordinal = `document ${String(document.index + 1)}`;
    if ('problem' in document) return `${ordinal} is ${document.problem.message}`;
    const kind = asText(asRecord(document.value).kind);
    if (kind === undefined || !/^[^/]+\/[^/]+$/.test(apiVersionOf(document)))
      return `${ordinal} has no kind, or no apiVersion with a group`;
    if (kinds.has(kind)) return `the kind ${kind} stands in it twice`;
    kinds.add(kind);
  }
  return BAD_SEPARATOR.test(text) ? 'a line that begins with --- goes on' : undefined;
}

function apiVersionOf({ value }: ParsedDocument): string {
  return asText(asRecord(value).apiVersion) ?? '';
}

function isEmpty(document: ParsedDocument | BrokenDocument): boolean {
  return 'value' in document && document.value === null;
}
