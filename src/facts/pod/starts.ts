// The components that a container starts, and the settings that it starts them with.

import { asArray } from '../../json.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { ApiServerReadings, KubeletReadings } from '../../policy/settings.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import { flagTable, minorOfImage } from '../argv/flags.ts';
import { parseCommandLine, type CommandLine } from '../argv/pflag.ts';
import { neverServes } from '../argv/serving.ts';
import type { Budget } from '../budget.ts';
import { apiServerStart } from '../gates/flags.ts';
import { kubeletSettings } from '../kubelet/kubelet.ts';
import type { Invocation, Launch } from '../launch/launch.ts';
import { apiServerReadings, linkReadings, readSetting } from '../readings.ts';
import { viewOf, type Container } from './containers.ts';
import { identity, unreadablePodApiServer, type PodPlace } from './place.ts';

const UPSTREAM_IMAGE =
  /^(?:registry\.k8s\.io|k8s\.gcr\.io)\/kube-apiserver(?:-(?:amd64|arm|arm64|ppc64le|s390x))?(?:[:@]|$)/;

/**
 * The components that a container visibly starts.
 *
 * @param doubt a reason to doubt the command line as a whole
 */
export function startsOf(
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
  return alternative ? [unreadablePodApiServer(alternative, container, place)] : settled(started, container, place);
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
  const minor = minorOfImage(container.image);
  const base = { ...identity(component, container, place), doubts };
  if (completes(invocation)) return undefined;
  const elsewhere = openShiftConfig(invocation);
  if (elsewhere) return unreadablePodApiServer(elsewhere, container, place);
  const emptyPositionals = component === 'kube-apiserver';
  const commandLine = parseCommandLine(args, flagTable(component, minor), { emptyPositionals, budget });
  const quits = neverServes(component, commandLine);
  // a script may print the version before it starts the server
  if (quits && (container.endsByItself || invocation.conditional || !alone)) return undefined;
  if (component === 'kubelet') return kubeletInPod(invocation, { ...base, view: viewOf(container) }, minor, budget);
  const bareUpstream = doubt !== undefined && UPSTREAM_IMAGE.test(container.image);
  const start = apiServerStart(commandLine, minor);
  const refusal = bareUpstream
    ? {
        reason:
          'the entrypoint of the image is go-runner, which does not know these flags; set command to kube-apiserver',
      }
    : start.refusal;
  return {
    ...base,
    ...apiServerSettings(commandLine, container),
    doubts: [...doubts, ...start.doubts],
    ...(refusal && { refusal }),
  };
}

/** cobra's hidden completion command starts no server. */
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

/** OpenShift's fork of kube-apiserver reads its flags from this file. */
function openShiftConfig({ args }: Invocation): Problem | undefined {
  const word = args.find(({ text }) => OPENSHIFT_CONFIG.test(text));
  if (word === undefined) return undefined;
  const message =
    'the flags come from the file of --openshift-config, which the pod does not show; check the ConfigMap openshift-kube-apiserver/config';
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
      message: `the kubelet reads ${path}, which the pod does not show; check the file itself, or the kubelet's /configz`,
    },
  });
  const setup = {
    args,
    budget,
    isWhole: true,
    readFile: hidden,
    readDropIns: hidden,
    ...(minor !== undefined && { minor }),
  };
  const { serves, ...settings } = kubeletSettings(setup);
  if (!serves) return undefined;
  return { ...base, component: 'kubelet', ...settings, doubts: [...base.doubts, ...settings.doubts] };
}

/** If a start is conditional, it is unknown which start serves. That matters if they do not all have the same result. */
function settled(started: Subject[], container: Container, place: PodPlace): Subject[] {
  const verdicts = new Set(started.map(presents));
  if (verdicts.size <= 1) return started;
  const problem: Problem = {
    code: 'ambiguous',
    message:
      'the script can start the component in several ways, and the document does not show which one runs; write a single command line',
    origin: { layer: 'flag', pointer: container.pointer },
  };
  return [unreadablePodApiServer(problem, container, place)];
}

/** Whether the settings without which the link is unauthenticated are set; undefined if that is unknown. */
function presents(subject: Subject): boolean | undefined {
  const readings = linkReadings(subject);
  if (subject.refusal || readings.some(({ state }) => state === 'unset')) return false;
  if (readings.some((reading) => reading.state === 'set' && reading.value === '')) return false;
  return readings.every(({ state }) => state === 'set') ? true : undefined;
}
