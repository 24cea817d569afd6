// What kinds of configuration have in common, whether they are a file of their own or inside another object.

import { asText } from '../../json.ts';
import type { Component, Origin, Problem, Reading, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { apiServerReadings, changeApiServer, changeKubelet, kubeletReadings, unreadableAs } from '../readings.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import type { FoundObject, Input } from './input.ts';

/** Where a configuration was found, and under which name it is reported. */
export interface ConfigurationPlace {
  readonly name: string;
  readonly namespace?: string;
  readonly kind: string;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** The path of the file that it is in, if that is inside another document. */
  readonly file?: string;
}

/** A kind of configuration: how it is read, and its subject where it cannot be read. */
export interface Configuration {
  readonly surface: Surface;
  readonly read: (document: ParsedDocument, place: ConfigurationPlace, budget: Budget) => Subject[];
  readonly unreadable: (problem: Problem, place: ConfigurationPlace) => Subject;
}

/** The kube-apiserver of a configuration that cannot be read. */
export function unreadableConfiguredApiServer(problem: Problem, place: ConfigurationPlace): ApiServer {
  return {
    ...subjectAt('kube-apiserver', place),
    component: 'kube-apiserver',
    ...apiServerReadings(() => unreadableAs(problem)),
    view: () => 'not-shown',
    doubts: [],
  };
}

/** The kubelet of a configuration that cannot be read. */
export function unreadableConfiguredKubelet(problem: Problem, place: ConfigurationPlace): Kubelet {
  return {
    ...subjectAt('kubelet', place),
    component: 'kubelet',
    ...kubeletReadings(() => unreadableAs(problem)),
    doubts: [],
  };
}

/** What the subject of a configuration is called, and where it was found. */
export function subjectAt(
  component: Component,
  { name, namespace, kind, source, vantage, surface }: ConfigurationPlace,
) {
  return { name: { component, name, kind, ...(namespace !== undefined && { namespace }) }, source, vantage, surface };
}

/**
 * An input that is a configuration in a file of its own.
 *
 * @param name the configuration's usual kind
 */
export function configurationFile(name: string, configuration: Configuration, matches: Input['matches']): Input {
  const placeOf = (found: FoundObject): ConfigurationPlace => {
    const kind = asText(found.object.kind) ?? name;
    return { ...found, name: kind, kind, surface: configuration.surface };
  };
  return {
    name,
    surfaces: [configuration.surface],
    matches,
    read: (found) =>
      configuration
        .read(found.document, placeOf(found), found.budget)
        .map((subject) => inDocument(subject, found.pointer)),
    unreadable: (found, problem) => [configuration.unreadable(problem, placeOf(found))],
  };
}

/**
 * Moves every origin of a subject into a text that another document holds.
 *
 * @param pointer JSON Pointer of the text in that document
 * @param first whether it comes from the text's first document, in which origins can be shown
 */
export function embedded(subject: Subject, pointer: string, first: boolean): Subject {
  return withOrigins(subject, (origin) => ({
    ...origin,
    pointer,
    ...(first && origin.pointer !== undefined && { within: origin.pointer }),
  }));
}

/**
 * Moves every origin of a subject into a text that a document holds, at any depth.
 *
 * @param pointer JSON Pointer of the text in that document
 * @param locate the line of an origin in the text
 */
export function embeddedText(
  subject: Subject,
  pointer: string,
  locate: (origin: Origin) => number | undefined,
): Subject {
  return withOrigins(subject, (origin) => {
    const lineWithin = locate(origin);
    return {
      layer: origin.layer,
      ...(origin.file !== undefined && { file: origin.file }),
      pointer,
      ...(lineWithin !== undefined && { lineWithin }),
    };
  });
}

/**
 * Moves every origin of a subject into the document that holds the object of the subject, in a list or in a field.
 *
 * @param pointer JSON Pointer of the object in that document
 */
export function inDocument(subject: Subject, pointer: string): Subject {
  if (pointer === '') return subject;
  return withOrigins(subject, (origin) =>
    origin.pointer === undefined ? origin : { ...origin, pointer: `${pointer}${origin.pointer}` },
  );
}

/** A subject with every origin changed: of its readings, its doubts and its refusal. */
export function withOrigins(subject: Subject, change: (origin: Origin) => Origin): Subject {
  const changed = <T extends { readonly origin?: Origin }>(entry: T): T =>
    entry.origin ? { ...entry, origin: change(entry.origin) } : entry;
  const reading = <T>(entry: Reading<T>): Reading<T> =>
    entry.state === 'unreadable' ? { ...entry, problem: changed(entry.problem) } : changed(entry);
  const { refusal } = subject;
  const common = { doubts: subject.doubts.map(changed), ...(refusal && { refusal: changed(refusal) }) };
  return subject.component === 'kubelet'
    ? { ...changeKubelet(subject, reading), ...common }
    : { ...changeApiServer(subject, reading), ...common };
}
