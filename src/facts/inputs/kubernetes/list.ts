// Lists: `List`, and the list of a kind, as `kubectl get -o yaml` and an API server write them.

import { asArray, asRecord, isRecord } from '../../../json.ts';
import type { Wrapper } from '../input.ts';
import { select } from '../../select.ts';

/** A list of objects. The items of a `PodList` may leave out apiVersion and kind. */
export const list: Wrapper = {
  name: 'List',
  matches: ({ kind, items }) => typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items),
  contents: (document) => {
    const { kind, apiVersion } = asRecord(document.value);
    const items = select('items', document.value);
    return asArray(items.value).map((item, index) => {
      const typed =
        isRecord(item) && item.kind === undefined && typeof kind === 'string' && kind !== 'List'
          ? { apiVersion, kind: kind.slice(0, -'List'.length), ...item }
          : item;
      return { document: { ...document, value: typed }, pointer: `${items.pointer}/${String(index)}` };
    });
  },
};
