// The problems of what was not read: what it is, what makes it matter, and what to do.

import { asText, isRecord, scalarText, stringOrEmpty, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Budget } from '../../budget.ts';
import { nearestNames } from './file-names.ts';
import { heldSetting } from './holds.ts';
import { onlyDescribes, unreadKindOf } from './kinds.ts';
import { errorAnswer, signIn, textKindOf } from './texts.ts';

const LEAVE_OUT = 'or leave it out with --exclude';
const NOT_READ = 'not-read';

/**
 * The problem of an object that no input reads; undefined if it has nothing to do with the settings.
 *
 * @param pointer JSON Pointer of the object in its document
 */
export function unreadObject(
  object: UnknownRecord,
  pointer: string,
  path: string,
  budget: Budget,
): Problem | undefined {
  if (onlyDescribes(object)) return undefined;
  const origin = { layer: 'file', pointer } as const;
  if (object.kind === 'Status' && object.status === 'Failure') return { ...refused(answerOf(object)), origin };
  const kind = unreadKindOf(object);
  const held = heldSetting(object, nearestNames(path), budget);
  if (held === undefined && kind?.always?.(object) !== true) return undefined;
  const names = kind?.names ?? `objects of ${kindNamed(object)}`;
  return {
    code: NOT_READ,
    message: `${held?.what ?? 'configures components'}, but ${names} are not read: ${kind?.instead ?? 'check what is made of it'}, ${LEAVE_OUT}`,
    origin: { ...origin, pointer: `${pointer}${held?.pointer ?? ''}` },
  };
}

/** The problem of a document that is no object: a list of something else, or a text. */
export function unreadValue(value: unknown, path: string, budget: Budget): Problem | undefined {
  const held = heldSetting(value, nearestNames(path), budget);
  if (held === undefined) return undefined;
  const isPatch = Array.isArray(value) && value.every((entry) => isRecord(entry) && 'op' in entry && 'path' in entry);
  const names = isPatch ? 'JSON patches' : 'lists of this kind';
  const instead = isPatch ? 'check the object that it changes, with the patch applied' : 'check what is made of it';
  return {
    code: NOT_READ,
    message: `${held.what}, but ${names} are not read: ${instead}, ${LEAVE_OUT}`,
    origin: { layer: 'file', pointer: held.pointer },
  };
}

/** The problem of a text that is no YAML and no JSON; undefined if it has nothing to do with the settings. */
export function unreadText(text: string, path: string): Problem | undefined {
  const answer = errorAnswer(text);
  if (answer !== undefined) return refused(answer);
  const kind = textKindOf(text, path);
  const sign = signIn(text, path);
  if (sign === undefined && kind?.always !== true) return undefined;
  const names = kind?.names ?? 'texts of this kind';
  const instead = kind?.instead ?? 'check the process that uses it: kubelet-guard node';
  return {
    code: NOT_READ,
    message: `${sign?.what ?? 'configures a kubelet'}, but ${names} are not read: ${instead}, ${LEAVE_OUT}`,
    ...(sign && { origin: { layer: 'file', line: sign.line } }),
  };
}

/** The problem of a file that the user named, and that holds nothing to check. */
export function nothingInFile(text: string, values: readonly unknown[]): Problem {
  return { code: NOT_READ, message: `holds nothing to check: ${whatIs(text, values)}` };
}

function whatIs(text: string, values: readonly unknown[]): string {
  if (text.trim() === '') return 'it is empty; check how it was written';
  const objects = values.filter(isRecord);
  if (objects.length === 0) {
    const shown = JSON.stringify(text.trim().slice(0, 40));
    return `it is no object but a text that begins with ${shown}; name the files of kube-apiserver and of kubelets`;
  }
  const kinds = [...new Set(objects.map(kindNamed))];
  const shown = kinds.slice(0, 3).join(', ') + (kinds.length > 3 ? ', …' : '');
  return `it is of ${shown}, which configures no kube-apiserver and no kubelet; leave it out, or use --allow-empty`;
}

function kindNamed(object: UnknownRecord): string {
  const [version, kind] = [stringOrEmpty(object.apiVersion), stringOrEmpty(object.kind)].map((name) =>
    name.slice(0, 80),
  );
  if (kind === undefined || kind === '') return 'no kind';
  return version === undefined || version === '' ? `kind ${kind}` : `kind ${kind} (${version})`;
}

function answerOf({ message, reason, code }: UnknownRecord): string {
  return asText(message) ?? asText(reason) ?? scalarText(code) ?? 'Failure';
}

/** The problem of an answer that was saved in place of what was asked for. */
function refused(answer: string): Problem {
  const shown = answer.slice(0, 120);
  const message = `is the error answer "${shown}", not the settings: give the caller the right that it needs, and fetch them again`;
  return { code: NOT_READ, message };
}
