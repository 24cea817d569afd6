// Removes from a cluster what makes API servers call the webhook, then what the product wrote.

import { asString, asRecord } from '../../json.ts';
import { loggedOutWords } from '../../policy/rights/denied.ts';
import { ApiFault, type Api } from '../../kube/api.ts';
import { objectClient, unlessStatus, type DeletionOptions } from '../../kube/objects/client.ts';
import { DEPLOYMENTS, LEASES, WEBHOOK_CONFIGURATIONS, type Resource } from '../../kube/objects/resources.ts';
import { isReportName, MANAGED_BY, REPORT_RESOURCES } from '../../outputs/cluster/objects.ts';

/** What an uninstall needs. */
export interface UninstallDeps {
  readonly api: Api;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Prints a line for each object, as soon as it is removed or known to be absent. */
  readonly print: (line: string) => void;
}

/** One object. */
interface Target {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name: string;
}

/** As shipped. */
const NAME = 'kubelet-guard';
const SWEEPER = 'kubelet-guard-sweeper';
const SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;
const LIMITS = { timeout: 10_000, limit: 64 * 1024 * 1024 };
const PATIENCE = 60_000;
const LOOK_EVERY = 500;
const AT_ONCE = 8;
/** What RBAC says. An admission policy that denies a deletion says itself what to do. */
const NO_RIGHT = / cannot [a-z]+ resource /;

/**
 * Removes the ValidatingWebhookConfiguration, then the Deployment of the sweeper, then the reports and the Lease. An object
 * that does not exist is no error. The first object that cannot be removed ends it: the order makes each step safe.
 *
 * @param namespace where the product runs
 * @throws ApiFault that says what to do, where something cannot be removed
 */
export async function uninstall(namespace: string, deps: UninstallDeps, signal: AbortSignal): Promise<void> {
  await removeOne({ resource: WEBHOOK_CONFIGURATIONS, name: NAME }, deps, signal);
  await stopSweeper(namespace, deps, signal);
  await removeWritten(namespace, deps, signal);
}

/**
 * Removes the reports and the Lease that an uninstall left behind. It removes nothing while the Deployment of the sweeper
 * exists: then nobody uninstalls the product, whatever started this.
 *
 * @param namespace where the product ran
 * @throws ApiFault that says what to do, where something cannot be removed
 */
export async function removeLeftovers(namespace: string, deps: UninstallDeps, signal: AbortSignal): Promise<void> {
  const sweeper = { resource: DEPLOYMENTS, namespace, name: SWEEPER };
  if (await exists(sweeper, deps, signal)) {
    deps.print(`nothing is removed: ${nameOf(sweeper)} exists, so kubelet-guard is not being uninstalled`);
    return;
  }
  await removeWritten(namespace, deps, signal);
}

async function removeWritten(namespace: string, deps: UninstallDeps, signal: AbortSignal): Promise<void> {
  for (const resource of Object.values(REPORT_RESOURCES)) {
    const names = (await reportNames(resource, deps, signal)).values();
    let removed = 0;
    const work = async (): Promise<void> => {
      for (const name of names) if (await remove({ resource, name }, deps, signal)) removed += 1;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const { kind } = resource;
    deps.print(removed === 0 ? `not there: ${kind}` : `removed: ${removed} ${kind}${removed === 1 ? '' : 's'}`);
  }
  await removeOne({ resource: LEASES, namespace, name: SWEEPER }, deps, signal);
}

/** A sweeper that still runs would write the reports and the Lease again. */
async function stopSweeper(namespace: string, deps: UninstallDeps, signal: AbortSignal): Promise<void> {
  const { clock, pause, print } = deps;
  const sweeper = { resource: DEPLOYMENTS, namespace, name: SWEEPER };
  const existed = await remove(sweeper, deps, signal, { propagationPolicy: 'Foreground' });
  const end = clock() + PATIENCE;
  while (existed && (await exists(sweeper, deps, signal))) {
    if (clock() > end) {
      throw new Error(`${nameOf(sweeper)} is deleted, but its pods still run: try again when they are gone`);
    }
    await pause(LOOK_EVERY, signal);
  }
  print(`${existed ? 'removed' : 'not there'}: ${nameOf(sweeper)}`);
}

async function removeOne(target: Target, deps: UninstallDeps, signal: AbortSignal): Promise<void> {
  const existed = await remove(target, deps, signal);
  deps.print(`${existed ? 'removed' : 'not there'}: ${nameOf(target)}`);
}

/** The names of our reports; none where the API server does not know the kind. */
async function reportNames(
  resource: Resource,
  { api }: UninstallDeps,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names: string[] = [];
  const list = async (): Promise<void> => {
    const pages = objectClient(api, resource, LIMITS).list({ labelSelector: SELECTOR }, signal);
    for await (const page of pages) {
      names.push(...page.flatMap(({ metadata }) => asString(asRecord(metadata).name) ?? []));
    }
  };
  await attempt('list', `${resource.plural}.${resource.apiVersion.replace(/\/.*/, '')}`, list());
  return names.filter(isReportName);
}

async function exists(target: Target, { api }: UninstallDeps, signal: AbortSignal): Promise<boolean> {
  const { resource, namespace, name } = target;
  const objects = objectClient(api, resource, { namespace, ...LIMITS });
  return (await attempt('get', `the ${nameOf(target)}`, objects.get(name, signal))) !== undefined;
}

/** Resolves to whether there was such an object. */
function remove(
  target: Target,
  { api }: UninstallDeps,
  signal: AbortSignal,
  options?: DeletionOptions,
): Promise<boolean> {
  const { resource, namespace, name } = target;
  const objects = objectClient(api, resource, { namespace, ...LIMITS });
  const deleted = objects.delete(name, signal, options).then(() => true);
  return attempt('delete', `the ${nameOf(target)}`, deleted).then((done) => done === true);
}

/** Undefined if there is no such object, or no such kind. */
async function attempt<T>(verb: string, what: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await unlessStatus([404], call);
  } catch (cause) {
    const { status, message } = cause as ApiFault;
    if (status === undefined) throw new ApiFault(`${what}: ${message}; try again`, undefined, { cause });
    if (status === 401) throw new ApiFault(`${what}: ${loggedOutWords(message)}`, status, { cause });
    const lacksRight = status === 403 && NO_RIGHT.test(message);
    const words = lacksRight ? `may not ${verb} ${what}: ask for this right (${message})` : `${what}: ${message}`;
    throw new ApiFault(words, status, { cause });
  }
}

function nameOf({ resource: { kind }, namespace, name }: Target): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
