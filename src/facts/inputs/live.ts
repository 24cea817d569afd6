// The subjects that running processes show: in a TLS hello, in an answer of /configz or /flagz, or by giving no answer.

import { asRecord, isRecord } from '../../json.ts';
import type { AnswerDocument, RawDocument, UnansweredDocument } from '../../policy/document.ts';
import { flagOf } from '../../policy/link/command-line.ts';
import type { AskedSource, Component, Origin, Problem, Reading } from '../../policy/reading.ts';
import type { KubeletReadings, KubeletSettingName } from '../../policy/settings.ts';
import type { ApiServer, Kubelet, Subject, SubjectName } from '../../policy/subject.ts';
import {
  apiServerReadings,
  defaultReading,
  kubeletReadings,
  ofFieldValue,
  ofFlagText,
  unreadableAs,
} from '../readings.ts';
import { FIELDS, fieldValue } from '../kubelet/fields.ts';
import { select } from '../select.ts';
import { valueAt } from '../values/shape.ts';

const FLAGZ_VERSION = /^config\.k8s\.io\/v1(?:alpha1|beta1)$/;

/** The kubelet that sent a TLS hello. */
export function helloSubject({ source, authorities }: Extract<RawDocument, { form: 'hello' }>): Kubelet {
  const acceptedAuthorities: Reading<readonly string[]> =
    authorities === undefined ? { state: 'unset' } : { state: 'set', value: authorities, origin: { layer: 'live' } };
  return { ...base('kubelet', source), component: 'kubelet', acceptedAuthorities };
}

/** The kubelet that showed its flags. A flag that is set overrides all files; any other setting can be in a file. */
export function flagsSubject({ source, flags }: Extract<RawDocument, { form: 'kubelet-flagz' }>): Kubelet {
  const readings = kubeletReadings((setting) => {
    const [row] = flagOf(setting, flags);
    if (row !== undefined) return ofFlagText(setting, { state: 'set', value: row.value, origin: row.origin });
    const message = `no flag sets it, and the kubelet's /flagz does not show what its files set; add configz to --evidence`;
    return unreadableAs({ code: 'not-visible', message });
  });
  return { ...base('kubelet', source), component: 'kubelet', ...readings };
}

/** A kube-apiserver whose calls kubelets rejected. That shows the effect of its flags, not the flags. */
export function refusedSubject({ source, kubelets }: Extract<RawDocument, { form: 'refused-calls' }>): ApiServer {
  const message = 'a rejected call does not show the flags of kube-apiserver; check its pod, or read its /flagz';
  const unreadable = unreadableAs({ code: 'not-visible', message });
  return { ...apiServer(source, () => unreadable), refusedBy: kubelets };
}

/** A process that gave no answer: the settings that the answer would have shown cannot be read. */
export function unansweredSubject({ component, wanted, source, problem }: UnansweredDocument): Subject {
  const unreadable = unreadableAs(problem);
  const vantage = wanted === 'process' ? 'on-node' : 'live';
  if (component === 'kube-apiserver') {
    const subject = { ...apiServer(source, () => unreadable), vantage } as const;
    return wanted === 'process' ? { ...subject, name: nameOnNode(component, source) } : subject;
  }
  const readings = wanted === 'hello' ? { acceptedAuthorities: unreadable } : kubeletReadings(() => unreadable);
  return { ...base(component, source), vantage, component, ...readings };
}

/** The process that answered. */
export function answerSubject({ form, source, value }: AnswerDocument): Subject {
  if (form === 'flagz') return apiServer(source, flagzReader(value));
  return { ...base('kubelet', source), component: 'kubelet', ...configzReadings(value) };
}

/**
 * The effective settings in the body of a kubelet's `/configz` (kubelet config/v1beta1/types.go). A body without the object
 * `x509`, which a kubelet always shows, is another program's.
 */
function configzReadings(body: unknown): KubeletReadings {
  const config = select('kubeletconfig', body);
  const authentication = asRecord(asRecord(config.value).authentication);
  if (!isRecord(authentication.x509)) {
    const unreadable = unreadableAs(notOf('/configz', config.pointer));
    return kubeletReadings(() => unreadable);
  }
  return shownReadings(body);
}

/**
 * The settings that a body of `/configz` shows. Somebody may have trimmed one that is kept in a file, so what it does not show is
 * not known: an empty field is only left out of an object that is there.
 */
export function shownReadings(body: unknown): KubeletReadings {
  const config = select('kubeletconfig', body);
  return kubeletReadings((setting, name) => {
    const value = fieldValue(name, config.value);
    const origin: Origin = { layer: 'live', pointer: `${config.pointer}${FIELDS[name].pointer}` };
    const isLeftOut = setting.configz === 'unless-empty' && isRecord(parentOf(name, config.value));
    if (value === undefined && !isLeftOut) return unreadableAs(notShown(setting.field, origin));
    if (value === undefined) return defaultReading(EMPTY[setting.type], origin);
    const read = ofFieldValue(setting, value);
    return read === undefined
      ? unreadableAs(notOf('/configz', origin.pointer ?? ''))
      : { state: 'set', value: read, origin };
  });
}

/** The object that holds a setting's field. */
function parentOf(name: KubeletSettingName, config: unknown): unknown {
  return valueAt(config, FIELDS[name].names.slice(0, -1));
}

/** The value of a field that `/configz` leaves out because it is empty. An empty string is no setting. */
const EMPTY = { path: undefined, string: undefined, boolean: false, number: 0 } as const;

function notShown(field: string, origin: Origin): Problem {
  const message = `the /configz does not show ${field}, which a kubelet's always does; check all of the answer, or what answers on its port`;
  return { code: 'malformed', message, origin };
}

/** The answer is not one of the component: a proxy or another program sent it. */
function notOf(path: '/configz' | '/flagz', pointer: string): Problem {
  const owner = path === '/configz' ? "a kubelet's" : "a kube-apiserver's";
  const message = `it answered, but not as ${owner} ${path} does; check what answers at this address`;
  return { code: 'malformed', message, origin: { layer: 'live', pointer } };
}

/**
 * Reads flags of a Flagz (apiserver pkg/server/flagz/api). It gives every flag with its parsed value, so that an empty
 * argument and none are the same.
 */
function flagzReader(value: unknown): (flag: string) => Reading<string> {
  const { kind, apiVersion, flags } = asRecord(value);
  const isFlagz = kind === 'Flagz' && typeof apiVersion === 'string' && FLAGZ_VERSION.test(apiVersion);
  return (flag) => {
    const pointer = `/flags/${flag}`;
    const origin: Origin = { layer: 'live', pointer };
    const known = asRecord(flags);
    const text = isFlagz && Object.hasOwn(known, flag) ? known[flag] : undefined;
    if (typeof text !== 'string') return unreadableAs(notOf('/flagz', pointer));
    if (text === '') return { state: 'unset', origin };
    if (text !== 'CLASSIFIED') return { state: 'set', value: text, origin };
    const message = `/flagz hides the value of --${flag}; check the pod or the process itself`;
    return unreadableAs({ code: 'not-visible', message, origin });
  };
}

function apiServer(source: AskedSource, read: (flag: string) => Reading<string>): ApiServer {
  return {
    ...base('kube-apiserver', source),
    component: 'kube-apiserver',
    ...apiServerReadings((setting) => ofFlagText(setting, read(setting.flag))),
    // a process that answers has found its files, whatever its working directory is
    view: () => 'not-shown',
  };
}

/** For an API server that was asked, only its address is known. */
function base(component: Component, source: AskedSource) {
  const name = component === 'kubelet' ? nameOnNode(component, source) : { component, name: source.node };
  return { name, source, vantage: 'live', surface: 'process', doubts: [] } as const;
}

function nameOnNode(component: Component, { node }: AskedSource): SubjectName {
  return { component, name: node, kind: 'Node', node };
}
