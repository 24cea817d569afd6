// $(VAR) in command and args, as the kubelet expands it (kubernetes third_party/forked/golang/expansion/expand.go).

import { asArray, asRecord, asString, isRecord } from '../../json.ts';
import type { Budget } from '../budget.ts';
import { GAP, HOLE } from './words.ts';

/** The environment variables of a container that its spec shows. */
export interface Environment {
  /** Values, with HOLE for a word that the kubelet fills in, and GAP for any text. */
  readonly values: ReadonlyMap<string, string>;
  /** ConfigMaps or Secrets may define further variables. */
  readonly open: boolean;
}

/** Variables that the kubelet adds for services (pkg/kubelet/envvars/envvars.go). */
const SERVICE_VARIABLE =
  /^[A-Z][A-Z0-9_]*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

/** A service's name has at most 63 characters, its port's 15. */
const LONGEST_SERVICE_VARIABLE = 128;

/** Whether the kubelet may set the variable for a service. */
export function isServiceVariable(name: string): boolean {
  return name.length <= LONGEST_SERVICE_VARIABLE && SERVICE_VARIABLE.test(name);
}

/**
 * Replaces `$(NAME)` by its value; `$$` is a dollar sign, and an undefined name stays as it is written.
 *
 * @returns the text, with HOLE or GAP for a value that is not known
 */
export function expand(text: string, environment: Environment, budget: Budget): string {
  if (!text.includes('$')) return text;
  budget.characters(text.length);
  const lastClose = text.lastIndexOf(')');
  let expanded = '';
  let position = 0;
  while (position < text.length) {
    const dollar = text.indexOf('$', position);
    if (dollar === -1 || dollar === text.length - 1) break;
    expanded += text.slice(position, dollar);
    const next = text.charAt(dollar + 1);
    const close = next === '(' && dollar + 2 <= lastClose ? text.indexOf(')', dollar + 2) : -1;
    const value = next === '$' ? '$' : close === -1 ? `$${next}` : valueOf(text.slice(dollar + 2, close), environment);
    budget.characters(value.length);
    budget.steps();
    expanded += value;
    position = close === -1 ? dollar + 2 : close + 1;
  }
  return expanded + text.slice(position);
}

function valueOf(name: string, { values, open }: Environment): string {
  return values.get(name) ?? (isServiceVariable(name) ? HOLE : open ? GAP : `$(${name})`);
}

/** The variables of a container, in the order in which the kubelet resolves them (pkg/kubelet/kubelet_pods.go). */
export function environmentOf(container: Readonly<Record<string, unknown>>, budget: Budget): Environment {
  const values = new Map<string, string>();
  const environment = { values, open: asArray(container.envFrom).length > 0 };
  const variables = asArray(container.env);
  budget.words(variables.length);
  for (const entry of variables) {
    const { name, value, valueFrom } = asRecord(entry);
    const text = asString(value) ?? '';
    const known = valueFrom === undefined || valueFrom === null || text !== '';
    values.set(asString(name) ?? '', known ? expand(text, environment, budget) : unknownValue(valueFrom));
  }
  return environment;
}

/** A value of the downward API has no white space, unless it is an annotation. */
function unknownValue(valueFrom: unknown): string {
  const { fieldRef, resourceFieldRef } = asRecord(valueFrom);
  const path = asString(asRecord(fieldRef).fieldPath) ?? '';
  return isRecord(resourceFieldRef) || (path !== '' && !path.startsWith('metadata.annotations')) ? HOLE : GAP;
}
