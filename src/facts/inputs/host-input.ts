// Inputs that declare the files and units of a host.

import { asRecord, asText, type UnknownRecord } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import { declaredHost, type DeclaredHost } from '../declared/document.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from './configuration.ts';
import type { EmbeddedText, FoundObject, Input } from './input.ts';

/** The files and units that a document declares. */
export interface HostDocument {
  /** Files and units by their paths on the host. */
  readonly files: readonly EmbeddedText[];
  /** What of them cannot be read. */
  readonly problems: readonly Problem[];
}

/** A kind of document that declares a host. */
interface HostKind extends Pick<Input, 'name' | 'platform' | 'matches' | 'resources'> {
  /** What reports call it. */
  readonly kind: string;
  readonly files: (object: UnknownRecord) => HostDocument;
}

/** Makes the input of such a kind. */
export function hostInput({ name, platform, matches, resources, kind, files }: HostKind): Input {
  const placeOf = ({ object, source, vantage }: FoundObject): ConfigurationPlace => {
    const own = asText(asRecord(object.metadata).name) ?? kind;
    return { name: own, kind, source, vantage, surface: 'declared-cluster' };
  };
  const hostOf = (found: FoundObject): DeclaredHost =>
    declaredHost(files(found.object).files, placeOf(found), found.budget);
  return {
    ...{ name, matches, surfaces: ['declared-cluster'] },
    ...(platform && { platform }),
    ...(resources && { resources }),
    read: (found) => hostOf(found).subjects.map((subject) => inDocument(subject, found.pointer)),
    problems: (found) =>
      [...files(found.object).problems, ...hostOf(found).problems].map((problem) => below(problem, found.pointer)),
    contents: (found) => hostOf(found).rest,
    unreadable: (found, problem) => [
      unreadableConfiguredKubelet(problem, placeOf(found)),
      unreadableConfiguredApiServer(problem, placeOf(found)),
    ],
  };
}

function below({ origin, ...problem }: Problem, pointer: string): Problem {
  return origin ? { ...problem, origin: { ...origin, pointer: `${pointer}${origin.pointer ?? ''}` } } : problem;
}
