// Reads kubeconfigs, and the files that they name.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { faultLine } from '../faults/connection.ts';
import { accessOf, type Access } from './access.ts';
import { KubeconfigFault, readDocument, type FileOrText, type KubeconfigDocument } from './document.ts';

/** One file that must exist, or the list of KUBECONFIG, of which missing files are ignored. */
export type KubeconfigFiles = string | readonly string[];

/**
 * Reads kubeconfigs as kubectl does.
 *
 * @returns undefined if no file of a list exists
 * @throws KubeconfigFault with the reason
 */
export function loadAccess(files: KubeconfigFiles, context: string | undefined): Access | undefined {
  const documents = documentsIn(files);
  if (documents.length === 0) return undefined;
  const access = accessOf(documents, context);
  for (const [of, named] of filesOf(access)) {
    if ('file' in named) readText(named.file, of);
  }
  return access;
}

/**
 * The names of the contexts in kubeconfigs.
 *
 * @throws KubeconfigFault with the reason
 */
export function contextNames(files: KubeconfigFiles): readonly string[] {
  return [...new Set(documentsIn(files).flatMap(({ contexts }) => [...contexts.keys()]))];
}

function documentsIn(files: KubeconfigFiles): readonly KubeconfigDocument[] {
  return typeof files === 'string' ? [read(files, false)] : files.flatMap(readIfThere);
}

/**
 * The text of a file, or the text itself. Read it for each call, because certificates and tokens are renewed.
 *
 * @throws KubeconfigFault where the file cannot be read
 */
export function readFileOrText(named: FileOrText): string {
  return 'text' in named ? named.text : readText(named.file);
}

/** The files that the kubeconfig names, with the field that names each. */
function filesOf({ cluster, user }: Access): (readonly [field: string, named: FileOrText])[] {
  // plain HTTP has no verification and sends no credentials
  if (!cluster.server.startsWith('https:')) return [];
  const { certificate, token, tokenFile } = user;
  return [
    ...(cluster.ca === undefined ? [] : [['certificate-authority', cluster.ca] as const]),
    ...(certificate === undefined
      ? []
      : ([
          ['client-certificate', certificate.certificate],
          ['client-key', certificate.key],
        ] as const)),
    ...(token === '' && tokenFile !== '' ? [['tokenFile', { file: tokenFile }] as const] : []),
  ];
}

function readIfThere(path: string, _index: number, all: readonly string[]): KubeconfigDocument[] {
  if (path === '') return [];
  try {
    return [read(path, all.length > 1)];
  } catch (cause) {
    if (cause instanceof KubeconfigFault && isMissing(cause)) return [];
    throw cause;
  }
}

function isMissing({ cause }: KubeconfigFault): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function read(path: string, isOneOfMany: boolean): KubeconfigDocument {
  const text = readText(path);
  try {
    return readDocument(text, dirname(resolve(path)));
  } catch (cause) {
    throw isOneOfMany ? new KubeconfigFault(`${path}: ${(cause as Error).message}`, { cause }) : cause;
  }
}

/** @param field the field of the kubeconfig that names the file */
function readText(path: string, field?: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'no reason given' } = cause as NodeJS.ErrnoException;
    if (field === undefined)
      throw new KubeconfigFault(`cannot read ${path} (${code}): check its path and mode`, { cause });
    const reason = REASONS[code] ?? code;
    const kubectl = `open ${path}: ${reason}`;
    const remedy = `correct ${field} in the kubeconfig, or ${code === 'ENOENT' ? 'put the file there' : 'make it readable for this user'}`;
    throw new KubeconfigFault(faultLine({ what: `its ${field} ${path} cannot be read`, kubectl, remedy }), { cause });
  }
}

/** The words of the system, as Go prints them. */
const REASONS: Readonly<Partial<Record<string, string>>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};
