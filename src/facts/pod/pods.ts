// The components that a pod's containers run.

import { asArray, asString } from '../../json.ts';
import type { Component, Origin, Problem, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { ApiServerReadings, KubeletReadings } from '../../policy/settings.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { containersOf, imageName, launchOf, viewOf, type Container } from './containers.ts';
import { flagTable, minorOf } from '../argv/flags.ts';
import { neverServes } from '../argv/serving.ts';
import { kubeletSettings } from '../kubelet/kubelet.ts';
import type { Invocation, Launch } from '../launch/launch.ts';
import { parseCommandLine, type CommandLine } from '../argv/pflag.ts';
import { apiServerReadings, kubeletReadings, linkReadings, readSetting, unreadableAs } from '../readings.ts';

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
  /** It ends by itself, as a Job does, so that printing and exiting is what it is for. */
  readonly endsByItself: boolean;
  /** What makes the document itself doubtful. */
  readonly doubts: readonly Problem[];
}

const LABELS = ['component', 'k8s-app', 'app', 'app.kubernetes.io/name'];
const LABEL_VALUES = new Set(['kube-apiserver', 'openshift-kube-apiserver']);
const UPSTREAM_IMAGE = /^(?:registry\.k8s\.io|k8s\.gcr\.io)\/kube-apiserver(?:[:@]|$)/;

/**
 * Finds the components in a pod.
 *
 * @param spec the pod's spec
 * @param place where it was found
 * @returns a subject for each container that runs a component; where the pod says that it is a kube-apiserver and no
 *   container can be seen to run one, a subject of which nothing could be read
 */
export function podSubjects(spec: Readonly<Record<string, unknown>>, place: PodPlace, budget: Budget): Subject[] {
  const subjects: Subject[] = [];
  let labelled: ApiServer | undefined;
  for (const container of containersOf(spec, place.pointer, place.endsByItself, budget)) {
    const { launch, doubt } = launchOf(container, budget);
    const own = startsOf(launch, container, place, doubt, budget);
    const named = launch.suspects.filter(({ names }) => names);
    own.push(...named.map(({ problem }) => unreadableApiServer(problem, container, place)));
    const [suspect] = launch.suspects;
    if (suspect && own.length === 0 && !container.endsByItself) {
      if (isApiServerByName(container)) own.push(unreadableApiServer(suspect.problem, container, place));
      else if (hasLabel(place)) labelled ??= unreadableApiServer(suspect.problem, container, place);
    }
    subjects.push(...own);
  }
  if (!hasLabel(place) || subjects.some(({ component }) => component === 'kube-apiserver')) return subjects;
  if (labelled) return [...subjects, labelled];
  return subjects.length === 0 ? [unlabelled(place)] : subjects;
}

/** The subjects that a container is seen to start. */
function startsOf(
  launch: Launch,
  container: Container,
  place: PodPlace,
  doubt: Problem | undefined,
  budget: Budget,
): Subject[] {
  const { invocations, alternative } = launch;
  const alone = invocations.length === 1;
  const started = invocations.flatMap(
    (invocation) => subjectOf(invocation, container, place, doubt, alone, budget) ?? [],
  );
  if (invocations.every(({ conditional }) => !conditional)) return started;
  return alternative ? [unreadableApiServer(alternative, container, place)] : settled(started, container, place);
}

function subjectOf(
  invocation: Invocation,
  container: Container,
  place: PodPlace,
  doubt: Problem | undefined,
  alone: boolean,
  budget: Budget,
): Subject | undefined {
  const { component, args } = invocation;
  const doubts = [...place.doubts, ...invocation.doubts, ...(doubt ? [doubt] : [])];
  const minor = versionOf(container.image);
  const base = { ...identity(component, container, place), doubts };
  if (completes(invocation)) return undefined;
  const elsewhere = openShiftConfig(invocation);
  if (elsewhere) return unreadableApiServer(elsewhere, container, place);
  const emptyPositionals = component === 'kube-apiserver';
  const commandLine = parseCommandLine(args, flagTable(component, minor), { emptyPositionals, budget });
  const quits = neverServes(component, commandLine);
  // A script may ask for the version before it starts the server.
  if (quits && (container.endsByItself || invocation.conditional || !alone)) return undefined;
  if (component === 'kubelet') return kubeletInPod(invocation, base, minor, budget);
  const bareUpstream = doubt !== undefined && UPSTREAM_IMAGE.test(container.image);
  const refusal = bareUpstream
    ? {
        reason:
          'the entrypoint of the image is go-runner, which does not know these flags; set command to kube-apiserver',
      }
    : (commandLine.refusal ?? quits);
  return {
    ...base,
    ...apiServerSettings(commandLine, container),
    doubts: [...doubts, ...commandLine.doubts],
    ...(refusal && { refusal }),
  };
}

/** cobra's hidden completion command serves nothing. */
function completes({ args }: Invocation): boolean {
  return args[0]?.text.startsWith('__complete') === true;
}

type Settings = ApiServerReadings & Pick<ApiServer, 'component' | 'view'>;

function apiServerSettings(commandLine: CommandLine, container: Container): Settings {
  const place: Origin = {
    layer: 'default',
    pointer: `${container.pointer}/${asArray(container.spec.command).length > 0 ? 'command' : 'args'}`,
  };
  return {
    component: 'kube-apiserver',
    ...apiServerReadings((setting) => readSetting(commandLine, setting, place)),
    view: viewOf(container),
  };
}

const OPENSHIFT_CONFIG = /^--openshift-config(?:=|$)/;

/** OpenShift's fork reads its flags from this file. */
function openShiftConfig({ args }: Invocation): Problem | undefined {
  const word = args.find(({ text }) => OPENSHIFT_CONFIG.test(text));
  if (word === undefined) return undefined;
  const message =
    'the flags come from the file of --openshift-config, which the pod does not show; judge the ConfigMap openshift-kube-apiserver/config';
  return {
    code: 'not-visible',
    message,
    origin: { layer: 'flag', ...(word.pointer !== undefined && { pointer: word.pointer }) },
  };
}

function kubeletInPod(
  { args }: Invocation,
  base: Omit<Kubelet, 'component' | keyof KubeletReadings>,
  minor: number | undefined,
  budget: Budget,
): Kubelet | undefined {
  const hidden = (path: string): { state: 'unreadable'; problem: Problem } => ({
    state: 'unreadable',
    problem: {
      code: 'not-visible',
      message: `the kubelet reads ${path}, which the pod does not show; judge the file itself, or the kubelet's /configz`,
    },
  });
  const setup = { args, budget, readFile: hidden, readDropIns: hidden, ...(minor !== undefined && { minor }) };
  const { serves, ...settings } = kubeletSettings(setup);
  if (!serves) return undefined;
  return { ...base, component: 'kubelet', ...settings, doubts: [...base.doubts, ...settings.doubts] };
}

function identity(
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

const TAG = /:([^:/@]+)(?:@|$)/;

function versionOf(image: string): number | undefined {
  const tag = TAG.exec(image)?.[1];
  return tag === undefined ? undefined : minorOf(tag);
}

/** Where one of several starts is conditional and not all are alike good or bad, which of them serves cannot be told. */
function settled(started: Subject[], container: Container, place: PodPlace): Subject[] {
  const verdicts = new Set(started.map(presents));
  if (verdicts.size <= 1) return started;
  const problem: Problem = {
    code: 'ambiguous',
    message:
      'the script starts the component in several ways, and which of them runs depends on what the document does not show; write one command line out',
    origin: { layer: 'flag', pointer: container.pointer },
  };
  return [unreadableApiServer(problem, container, place)];
}

/** Whether the settings that the link is made of are there; undefined where that cannot be told. */
function presents(subject: Subject): boolean | undefined {
  const readings = linkReadings(subject);
  if (subject.refusal || readings.some(({ state }) => state === 'unset')) return false;
  if (readings.some((reading) => reading.state === 'set' && reading.value === '')) return false;
  return readings.every(({ state }) => state === 'set') ? true : undefined;
}

function isApiServerByName({ name, image }: Container): boolean {
  return name === 'kube-apiserver' || imageName(image) === 'kube-apiserver';
}

function hasLabel({ labels }: PodPlace): boolean {
  return LABELS.some((label) => Object.hasOwn(labels, label) && LABEL_VALUES.has(asString(labels[label]) ?? ''));
}

function unreadableApiServer(problem: Problem, container: Container | undefined, place: PodPlace): ApiServer {
  return {
    ...identity('kube-apiserver', container, place),
    component: 'kube-apiserver',
    ...apiServerReadings(() => unreadableAs(problem)),
    view: () => 'not-shown',
    doubts: place.doubts,
  };
}

/** A pod that cannot be judged: it may start either component. */
export function unreadablePod(problem: Problem, place: PodPlace): Subject[] {
  const kubelet: Kubelet = {
    ...identity('kubelet', undefined, place),
    component: 'kubelet',
    ...kubeletReadings(() => unreadableAs(problem)),
    doubts: [],
  };
  return [unreadableApiServer(problem, undefined, place), kubelet];
}

function unlabelled(place: PodPlace): ApiServer {
  const message =
    'the labels say kube-apiserver, but no container can be seen to run it; remove the label, or write the command line out';
  const problem: Problem = { code: 'ambiguous', message, origin: { layer: 'file', pointer: '/metadata/labels' } };
  return unreadableApiServer(problem, undefined, place);
}
