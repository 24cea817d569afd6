import { isReportName, MANAGED_BY, REPORT_RESOURCES } from '../../outputs/cluster/policy-report.ts';
import type { Collection, RemovalPort } from '../../kube/objects/removal.ts';

/** What an uninstall needs. */
export interface UninstallPorts {
  readonly objects: RemovalPort;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Hears of each thing as soon as it is known what became of it. */
  readonly told: (line: string) => void;
}

/** As shipped. */
const NAME = 'kubelet-guard';
const SWEEPER = 'kubelet-guard-sweeper';
const REGISTRATIONS: Collection = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
};
const SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;
const PATIENCE = 60_000;
const LOOK_EVERY = 500;
const AT_ONCE = 8;

/**
 * Takes the registration out of the way of the API servers, then what the product itself wrote to the cluster. Whatever is
 * gone already is no fault. What cannot be removed stops it: the order is what makes each step safe.
 *
 * @param namespace where the product runs
 * @throws ApiFault with what to do, where something stays
 */
export async function uninstall(namespace: string, ports: UninstallPorts, signal: AbortSignal): Promise<void> {
  await removeOne(REGISTRATIONS, NAME, ports, signal);
  await stopSweeper(namespace, ports, signal);
  await removeWritten(namespace, ports, signal);
}

/**
 * Takes away what the product wrote and left behind. While the Deployment of its sweeper is there, nothing is: then nobody
 * uninstalls it, whatever started this.
 *
 * @param namespace where the product ran
 * @throws ApiFault with what to do, where something stays
 */
export async function removeLeftovers(namespace: string, ports: UninstallPorts, signal: AbortSignal): Promise<void> {
  const of = deploymentsOf(namespace);
  if (await ports.objects.isThere(of, SWEEPER, signal)) {
    ports.told(`nothing is removed: ${nameOf(of, SWEEPER)} is there, so kubelet-guard is not being uninstalled`);
    return;
  }
  await removeWritten(namespace, ports, signal);
}

async function removeWritten(namespace: string, ports: UninstallPorts, signal: AbortSignal): Promise<void> {
  const { objects, told } = ports;
  for (const of of Object.values(REPORT_RESOURCES)) {
    const labelled = await objects.names(of, SELECTOR, signal);
    const ours = labelled.filter(isReportName);
    let removed = 0;
    const removals = ours.values();
    const work = async (): Promise<void> => {
      for (const name of removals) if (await objects.remove(of, name, signal)) removed += 1;
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    told(removed === 0 ? `not there: ${of.kind}` : `removed: ${removed} ${of.kind}${removed === 1 ? '' : 's'}`);
  }
  const leases = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespace };
  await removeOne(leases, SWEEPER, ports, signal);
}

async function removeOne(of: Collection, name: string, ports: UninstallPorts, signal: AbortSignal): Promise<void> {
  const wasThere = await ports.objects.remove(of, name, signal);
  ports.told(`${wasThere ? 'removed' : 'not there'}: ${nameOf(of, name)}`);
}

/** A sweeper that still runs would write the reports and the Lease anew. */
async function stopSweeper(namespace: string, ports: UninstallPorts, signal: AbortSignal): Promise<void> {
  const { objects, clock, pause, told } = ports;
  const of = deploymentsOf(namespace);
  const wasThere = await objects.remove(of, SWEEPER, signal, 'foreground');
  const end = clock() + PATIENCE;
  while (wasThere && (await objects.isThere(of, SWEEPER, signal))) {
    if (clock() > end) {
      throw new Error(`${nameOf(of, SWEEPER)} is deleted, but its pods still run: try again when they are gone`);
    }
    await pause(LOOK_EVERY, signal);
  }
  told(`${wasThere ? 'removed' : 'not there'}: ${nameOf(of, SWEEPER)}`);
}

function deploymentsOf(namespace: string): Collection {
  return { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespace };
}

function nameOf({ kind, namespace }: Collection, name: string): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
