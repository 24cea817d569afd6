// Paths of files in a tree, such as a repository, and the paths on a host that they stand for.

import type { NamedText } from '../../../policy/document.ts';
import { withoutPlaceholders } from './templates.ts';

/** A file of a tree. */
export interface TreeFile extends NamedText {
  /** Its path with a slash before it, without a template's ending. */
  readonly slashed: string;
  readonly folder: string;
  readonly name: string;
}

const TEMPLATE = /\.(?:j2|jinja2?|tpl|tmpl|tftpl|gotmpl|erb)$/;
/** A unit, or a drop-in in its folder, below a folder of systemd. The shortest root wins, because `/lib` ends `/usr/lib`. */
const INSTALLED =
  /^(.*?)((?:\/etc|\/run|\/usr\/local\/lib|\/usr\/lib|\/lib)\/systemd\/system)\/(?:([^/]+)\.d\/)?([^/]+)$/;

/** A path without the ending of a template. */
export function withoutTemplate(path: string): string {
  return path.replace(TEMPLATE, '');
}

/** A file with the parts of its path. */
export function treeFile({ path, text }: NamedText): TreeFile {
  const slashed = `/${withoutTemplate(path).replace(/^(?:\.?\/)+/, '')}`;
  const end = slashed.lastIndexOf('/');
  const isUnit = /\.(?:service|conf|env)$|\/(?:default|sysconfig)\/[^/]+$/.test(slashed);
  const read = isUnit && !text.includes('kubelet.config.k8s.io/') ? withoutPlaceholders(text) : text;
  return { path, text: read, slashed, folder: slashed.slice(0, end), name: slashed.slice(end + 1) };
}

/** Where a unit or drop-in is installed: the folder that stands for the host's root, and its path below it. */
export function installed({ slashed }: TreeFile): { readonly root: string; readonly path: string } | undefined {
  const [, root, directory, dropIns, name] = INSTALLED.exec(slashed) ?? [];
  if (root === undefined || directory === undefined || name === undefined) return undefined;
  return { root, path: `${directory}/${dropIns === undefined ? '' : `${dropIns}.d/`}${name}` };
}

/** The unit that a drop-in's folder names, as `kubelet.service` for `kubelet.service.d`. */
export function unitOfFolder(folder: string): string | undefined {
  return /\/([^/]+\.service)\.d$/.exec(folder)?.[1];
}

/** The folder above. */
export function parentOf(folder: string): string {
  return folder.slice(0, Math.max(0, folder.lastIndexOf('/')));
}

/** Tells whether two folders are the same, one right below the other, or right below the same one. */
export function isNear(one: string, other: string): boolean {
  return (
    one === other ||
    parentOf(one) === other ||
    one === parentOf(other) ||
    (one !== '' && parentOf(one) === parentOf(other))
  );
}
