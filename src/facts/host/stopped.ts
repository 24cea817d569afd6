// The components that units of a host would start, where none of them runs.

import type { ProcessFiles } from '../../policy/document.ts';
import type { Component } from '../../policy/reading.ts';
import { Budget, type Allowance } from '../budget.ts';
import { LAUNCHERS } from './launchers/index.ts';
import { rke2 } from './launchers/rancher/rancher.ts';
import { startsContainer, unitCommand } from './units.ts';

const OF_LAUNCHERS = LAUNCHERS.flatMap(({ units }) => units);
/** The units that start components, or programs that start them. */
export const UNITS = ['kubelet.service', 'kube-apiserver.service', ...OF_LAUNCHERS];

/** A process that runs, as far as it decides whether a unit's component runs. */
export interface RunningComponent {
  readonly component: Component;
  readonly cgroup: string | undefined;
}

/**
 * The unit that would start a component on a host where none runs; also a unit that costs too much to read.
 *
 * @param running the components that run
 */
export function stoppedUnit(
  component: Component,
  running: readonly RunningComponent[],
  files: ProcessFiles,
  allowance: Allowance,
): string | undefined {
  const unit = startingUnit(component, files, allowance);
  if (unit === undefined) return undefined;
  const inContainer = mayStartContainer(component, unit, files, allowance);
  const isRun = running.some((one) => one.component === component && isStartedByUnit(one, unit, inContainer));
  return isRun || (component === 'kube-apiserver' && isOfAnotherUnit(unit, running)) ? undefined : unit;
}

/** The unit that runs a container, if a component in it may be the unit's. */
export function containerUnit(
  { component, cgroup }: RunningComponent,
  files: ProcessFiles,
  allowance: Allowance,
): string | undefined {
  if (!isContainerItself(cgroup)) return undefined;
  const unit = startingUnit(component, files, allowance);
  return unit !== undefined && mayStartContainer(component, unit, files, allowance) ? unit : undefined;
}

/** A script that is not known may start a container too. */
function mayStartContainer(component: Component, unit: string, files: ProcessFiles, allowance: Allowance): boolean {
  return within(
    allowance,
    (budget) => startsContainer(unit, files, budget) || unitCommand(unit, component, files, budget).state === 'unknown',
  );
}

/** RKE2's kube-apiserver serves with this certificate, in a static pod that RKE2 writes at each of its starts. */
const WRITTEN_BY_RKE2 = /^--tls-cert-file=.*\/server\/tls\/serving-kube-apiserver\.crt$/;

/**
 * The unit whose start writes the static pod that a process runs in.
 *
 * @param words the arguments of the process
 */
export function staticPodUnit(
  { component, cgroup }: RunningComponent,
  words: readonly string[],
  files: ProcessFiles,
  allowance: Allowance,
): string | undefined {
  if (component !== 'kube-apiserver' || !isContainer(cgroup)) return undefined;
  if (!words.some((word) => WRITTEN_BY_RKE2.test(word))) return undefined;
  const unit = startingUnit(component, files, allowance);
  return unit !== undefined && rke2.units.includes(unit) ? unit : undefined;
}

/** The first unit that starts a component. */
export function startingUnit(component: Component, files: ProcessFiles, allowance: Allowance): string | undefined {
  return [`${component}.service`, ...OF_LAUNCHERS].find((unit) =>
    within(allowance, (budget) => unitCommand(unit, component, files, budget).state !== 'nothing'),
  );
}

/** Whether a process is one that a unit of the host may have started: that unit, or another one that starts such components. */
function isStartedByUnit({ component, cgroup }: RunningComponent, unit: string, inContainer: boolean): boolean {
  if ([unit, ...UNITS].some((each) => mayBeOf(each, cgroup))) return true;
  // a static pod of the host
  if (component === 'kube-apiserver') return isContainer(cgroup) && !isOfUser(cgroup);
  return inContainer && isContainerItself(cgroup);
}

/** Packages install the units of servers on agents too, where they are not started. */
function isOfAnotherUnit(unit: string, running: readonly RunningComponent[]): boolean {
  if (unit === 'kube-apiserver.service') return false;
  return running.some(({ component, cgroup }) => {
    const own = unitOf(cgroup);
    return component === 'kubelet' && own !== undefined && own !== unit && UNITS.includes(own);
  });
}

/** The result, or true if it costs too much. */
function within(allowance: Allowance, look: (budget: Budget) => boolean): boolean {
  try {
    return look(new Budget(allowance));
  } catch {
    return true;
  }
}

/** The unit that a process belongs to, by its control group. */
export function unitOf(cgroup: string | undefined): string | undefined {
  return /\/([^/]+\.service)$/.exec(cgroup ?? '')?.[1];
}

/**
 * Tells whether a unit may have started a process, by its control group. It did not start a program of a session or of another service,
 * whatever its name.
 */
export function mayBeOf(unit: string, cgroup: string | undefined): boolean {
  if (isContainer(cgroup) || isOfUser(cgroup)) return false;
  return [undefined, unit].includes(unitOf(cgroup));
}

/** Tells whether a control group is one of a container: a whole node can be one (kind). */
export function isContainer(cgroup: string | undefined): boolean {
  return /[0-9a-f]{64}/.test(cgroup ?? '');
}

/** Tells whether a control group is that of a container which a unit can have started: no service inside one, and no pod. */
export function isContainerItself(cgroup: string | undefined): boolean {
  if (!isContainer(cgroup) || isOfUser(cgroup)) return false;
  return unitOf(cgroup) === undefined && !/kubepods|kubelet\.slice/.test(cgroup ?? '');
}

function isOfUser(cgroup: string | undefined): boolean {
  return cgroup?.startsWith('/user.slice/') === true;
}
