// Files in a kubelet's --config-dir that no kubelet reads: it reads only names that end in `.conf` (cmd/kubelet/app/server.go,
// mergeKubeletConfigurations).

import { asRecord } from '../../../json.ts';
import type { TextDocument } from '../../../policy/document.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { ParsedDocument } from '../../yaml/documents.ts';
import { folderNameOf } from './file-names.ts';

/** The problem of a kubelet's configuration that is in a folder of drop-ins under another name than theirs. */
export function notADropIn({ path, found }: TextDocument, documents: readonly ParsedDocument[]): Problem | undefined {
  if (found === undefined || path.endsWith('.conf')) return undefined;
  if (!documents.some(({ value }) => asRecord(value).kind === 'KubeletConfiguration')) return undefined;
  const isDropInFolder = folderNameOf(path).endsWith('.d');
  const isNamedLikeOne = found.besideDropIns === true && /(?:^|[/\\])\d+-[^/\\]*$/.test(path);
  if (!isDropInFolder && !isNamedLikeOne) return undefined;
  return {
    code: 'not-read',
    message:
      'is in a folder of drop-ins, where a kubelet reads only files whose names end in .conf: rename it, or delete it',
  };
}
