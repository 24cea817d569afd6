// The patches in the folder of --patches: what their names say, and how they change what kubeadm makes (kubernetes
// cmd/kubeadm/app/util/patches/patches.go).

import type { Origin, Problem } from '../../policy/reading.ts';
import { basename } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import type { DeclaredFile } from '../declared/files.ts';
import { applyJsonPatch, type PatchFault } from '../patching/json-patch.ts';
import { applyMergePatch } from '../patching/merge.ts';
import { applyStrategicPatch } from '../patching/strategic.ts';
import { treeOf, type Tree } from '../patching/tree.ts';
import { decodedDocument, parseAll, type ParsedDocument } from '../yaml/documents.ts';
import type { KubeadmDocuments } from './documents.ts';

/** What the name of a patch says. */
export interface PatchName {
  readonly target: string;
  /** The part of the name behind the target, as a number that orders patches. */
  readonly suffix: string;
  readonly form: 'strategic' | 'merge' | 'json';
  /** The name says the form, as in `kube-apiserver+merge.yaml`. */
  readonly explicit: boolean;
}

const TARGET =
  /^(?:etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubeletconfiguration|corednsdeployment|kubeproxydaemonset)/;
const SUFFIX = /^[^.+\n]*/;
const FORM = /^\+(json|merge|strategic)/;

/** What the name of a file says, if kubeadm takes it for a patch. */
export function patchName(path: string): PatchName | undefined {
  const name = basename(path);
  const target = TARGET.exec(name)?.[0];
  if (target === undefined || !/\.(?:json|yaml)$/.test(name)) return undefined;
  const suffix = SUFFIX.exec(name.slice(target.length))?.[0] ?? '';
  const rest = name.slice(target.length + suffix.length);
  const form = FORM.exec(rest)?.[1];
  const explicit = rest.startsWith('+');
  if (explicit && form === undefined) return undefined;
  return { target, suffix, form: form === 'json' || form === 'merge' ? form : 'strategic', explicit };
}

/** Places of JSON patches that depend on the order of the arguments, which versions of kubeadm differ in. */
const BY_INDEX = /^\/spec\/containers\/0\/command\/\d/;

/** A tree after patches. */
export interface PatchedTree {
  readonly tree: Tree;
  readonly doubts: readonly Problem[];
}

/** Applies the patches of a target in the order of their names. */
export function applyPatches(
  target: 'kube-apiserver' | 'kubeletconfiguration',
  base: Tree,
  files: readonly DeclaredFile[],
  budget: Budget,
): PatchedTree | PatchFault {
  const doubts: Problem[] = [];
  let tree = base;
  for (const file of [...files].sort((one, other) => (basename(one.path) < basename(other.path) ? -1 : 1))) {
    const name = patchName(file.path);
    if (name?.target !== target) continue;
    for (const document of documentsOf(file, budget)) {
      if ('problem' in document) return { fault: `${file.path} is ${document.problem.message}` };
      const patch = treeOf(document.value, (pointer) => originOf(file, document, pointer), budget);
      const result = applyOne(tree, patch, name.form, target === 'kube-apiserver', budget);
      if ('fault' in result) return { fault: `kubeadm cannot apply ${file.path}: ${result.fault}` };
      tree = result;
      if (name.form === 'json' && dependsOnOrder(patch)) doubts.push(byIndex(file, document));
    }
  }
  return { tree, doubts };
}

function applyOne(tree: Tree, patch: Tree, form: PatchName['form'], pod: boolean, budget: Budget): Tree | PatchFault {
  if (form === 'json') return applyJsonPatch(tree, patch, budget);
  return form === 'merge' ? applyMergePatch(tree, patch, budget) : applyStrategicPatch(tree, patch, pod, budget);
}

function documentsOf({ content }: DeclaredFile, budget: Budget): readonly ReturnType<typeof parseAll>[number][] {
  if ('document' in content) return [content.document];
  if ('value' in content) return [decodedDocument(content.value)];
  return parseAll(content.text, budget).filter((document) => !('value' in document) || document.value !== null);
}

function originOf(file: DeclaredFile, document: ParsedDocument, pointer: string): Origin {
  const line = document.locate({ layer: 'file', pointer });
  const place: Origin = { layer: 'file', file: file.path };
  if (!('text' in file.content)) return { ...place, pointer: `${file.pointer}${pointer}` };
  // a patch that is a file of its own has no pointer: its lines are those of the file
  if (file.pointer === '') return { ...place, ...(line !== undefined && { line }) };
  return { ...place, pointer: file.pointer, ...(line !== undefined && { lineWithin: line }) };
}

function dependsOnOrder(patch: Tree): boolean {
  if (patch.kind !== 'list') return false;
  return patch.items.some((operation) => {
    if (operation.kind !== 'map') return false;
    const path = operation.entries.get('path');
    return path?.kind === 'scalar' && BY_INDEX.test(String(path.value)) && !String(path.value).endsWith('/0');
  });
}

function byIndex(file: DeclaredFile, document: ParsedDocument): Problem {
  const message =
    'the patch names an argument by its number, and which argument that is depends on the version of kubeadm; check the manifest that kubeadm writes with it (kubeadm init phase control-plane apiserver --dry-run --patches)';
  return { code: 'unresolved', message, origin: originOf(file, document, '') };
}

/** Why the patches of a node's configuration are not known. */
export function missingPatches({ node, patches }: KubeadmDocuments): Problem[] {
  const value = node?.document.value;
  const directory =
    typeof value === 'object' && value !== null && 'patches' in value
      ? (value.patches as { directory?: unknown } | null)?.directory
      : undefined;
  if (typeof directory !== 'string' || directory === '' || patches !== undefined) return [];
  const message = `kubeadm also applies the patches in ${directory}, a folder of the node that the configuration does not hold; check that folder too, or check the node with kubelet-guard node`;
  return [{ code: 'not-visible', message }];
}
