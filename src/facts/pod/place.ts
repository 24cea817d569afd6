// Where a pod was found, and the subjects in it that cannot be read.

import type { Component, Problem, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { ApiServer } from '../../policy/subject.ts';
import { apiServerReadings, unreadableAs } from '../readings.ts';
import type { Container } from './containers.ts';

/** Where a pod's spec was found. */
export interface PodPlace {
  readonly name: string;
  readonly namespace?: string;
  readonly kind: string;
  /** The node that the pod is bound to. */
  readonly node?: string;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** JSON Pointer of the pod's spec. */
  readonly pointer: string;
  readonly labels: Readonly<Record<string, unknown>>;
  /** Its containers end by themselves, as those of a Job do, so that they may only print something and exit. */
  readonly endsByItself: boolean;
  /** Reasons to doubt the whole document. */
  readonly doubts: readonly Problem[];
}

/** What a component in a pod is called, and where it was found. */
export function identity(
  component: Component,
  container: Container | undefined,
  { name, namespace, kind, node, source, vantage, surface }: PodPlace,
) {
  return {
    name: {
      component,
      name,
      kind,
      ...(container && { container: container.name }),
      ...(namespace !== undefined && { namespace }),
      ...(node !== undefined && { node }),
    },
    source,
    vantage,
    surface,
  };
}

/** A kube-apiserver of which nothing can be read. */
export function unreadablePodApiServer(problem: Problem, container: Container | undefined, place: PodPlace): ApiServer {
  return {
    ...identity('kube-apiserver', container, place),
    component: 'kube-apiserver',
    ...apiServerReadings(() => unreadableAs(problem)),
    view: () => 'not-shown',
    doubts: place.doubts,
  };
}
