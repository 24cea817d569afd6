// The patches of a kind Cluster: JSON merge patches that apply by kind, and JSON patches (kind pkg/internal/patch).

import { asArray, asRecord, asString, asText, type UnknownRecord } from '../../../json.ts';
import type { Origin, Problem } from '../../../policy/reading.ts';
import type { Budget } from '../../budget.ts';
import { applyJsonPatch, type PatchFault } from '../../patching/json-patch.ts';
import { applyMergePatch } from '../../patching/merge.ts';
import { treeOf, type Tree } from '../../patching/tree.ts';
import { parseAll } from '../../yaml/documents.ts';

/** One patch. It applies to documents of its kind and, if it names one, of its apiVersion. */
export interface KindPatch {
  readonly kind: string;
  readonly apiVersion: string;
  readonly form: 'merge' | 'json';
  readonly tree: Tree;
  /** JSON Pointer of its text. */
  readonly pointer: string;
}

/** The patches of a cluster or of one of its nodes, in the order in which kind applies them, and why some cannot be read. */
export interface KindPatches {
  readonly patches: readonly KindPatch[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the patches of an object.
 *
 * @param pointer JSON Pointer of the object
 */
export function kindPatches(object: UnknownRecord, pointer: string, budget: Budget): KindPatches {
  const patches: KindPatch[] = [];
  const problems: Problem[] = [];
  const read = (text: string, at: string, header: UnknownRecord | undefined): void => {
    for (const document of parseAll(text, budget)) {
      if ('problem' in document) {
        const origin: Origin = { layer: 'file', pointer: at };
        problems.push({
          code: 'malformed',
          message: `the patch is ${document.problem.message}; kind rejects it`,
          origin,
        });
        continue;
      }
      const { value, locate } = document;
      const { kind, apiVersion } = header ?? asRecord(value);
      const originOf = (inner: string): Origin => {
        const lineWithin = locate({ layer: 'file', pointer: inner });
        return { layer: 'file', pointer: at, ...(lineWithin !== undefined && { lineWithin }) };
      };
      patches.push({
        ...{ kind: asString(kind) ?? '', apiVersion: asString(apiVersion) ?? '', pointer: at },
        ...{ form: header ? 'json' : 'merge', tree: treeOf(value, originOf, budget) },
      });
    }
  };
  for (const [index, text] of asArray(object.kubeadmConfigPatches).entries())
    read(asString(text) ?? '', `${pointer}/kubeadmConfigPatches/${String(index)}`, undefined);
  for (const field of ['kubeadmConfigPatchesJSON6902', 'kubeadmConfigPatchesJson6902']) {
    for (const [index, entry] of asArray(object[field]).entries()) {
      const { group, version, kind, patch } = asRecord(entry);
      const apiVersion = [asText(group), asString(version)].filter((part) => part !== undefined).join('/');
      read(asString(patch) ?? '', `${pointer}/${field}/${String(index)}/patch`, { kind, apiVersion });
    }
  }
  return { patches, problems };
}

/** Whether a patch applies to a document. */
export function appliesTo({ kind, apiVersion }: KindPatch, document: UnknownRecord): boolean {
  return kind === document.kind && (apiVersion === '' || apiVersion === document.apiVersion);
}

/** A document after patches: first the merge patches, then the JSON patches. */
export function applyKindPatches(
  document: UnknownRecord,
  tree: Tree,
  patches: readonly KindPatch[],
  budget: Budget,
): Tree | PatchFault {
  budget.steps(patches.length);
  const matching = patches.filter((patch) => appliesTo(patch, document));
  let patched = tree;
  for (const { form, tree: patch } of matching) if (form === 'merge') patched = applyMergePatch(patched, patch, budget);
  for (const { form, tree: patch, pointer } of matching) {
    if (form === 'merge') continue;
    const result = applyJsonPatch(patched, patch, budget);
    if ('fault' in result) return { fault: `kind cannot apply the patch ${pointer}: ${result.fault}` };
    patched = result;
  }
  return patched;
}
