import { expect } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { succeeded, type Answer, type KubeObject } from './support/api.ts';
import type { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { runCli } from './support/product.ts';
import { GOOD_FLAGS, KEY_FLAG } from './support/samples.ts';
import { eventually } from './support/wait.ts';
import { podOf, type GeneratedPod } from './vap-pods.ts';

export const SLUG = 'apiserver-kubelet-client-cert';
export const POLICIES = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
export const BINDINGS = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
/** A container that violates the control, and one that complies. */
export const BAD = { command: ['kube-apiserver', KEY_FLAG] };
export const GOOD = { command: ['kube-apiserver', ...GOOD_FLAGS] };
/** The pod of `BAD` as a kubelet would mirror it. */
export const BAD_MIRROR = mirrorOf(podOf([BAD]));

const AUDIT_OF_PODS = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', resources: [{ group: '', resources: ['pods'] }] }, { level: 'None' }],
});

interface AuditEvent {
  readonly objectRef?: { readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An API server, and its audit log, which has the results of the policy for each pod. */
export class Bench {
  readonly plane: ControlPlane;
  #written = 0;

  constructor(plane: ControlPlane) {
    this.plane = plane;
  }

  /** Starts an API server that logs the writes of pods. */
  static async start(cleanup: Cleanup): Promise<Bench> {
    const plane = await startControlPlane(cleanup);
    plane.write('audit-policy.json', AUDIT_OF_PODS);
    await plane.restart();
    return new Bench(plane);
  }

  /** Writes the policies of a configuration, and waits until they take effect; deletes them at the end in the same way. */
  async install(undo: Cleanup, configuration: string): Promise<void> {
    undo.add(() => this.#untilPods('be deleted', (isChecked) => !isChecked));
    for (const object of await exported(this.plane, configuration)) {
      const collection = object.kind === 'ValidatingAdmissionPolicy' ? POLICIES : BINDINGS;
      undo.add(() => this.plane.admin.send('DELETE', `${collection}/${object.metadata.name}`));
      const answer = succeeded(await this.plane.admin.send('POST', collection, object));
      expect(answer.warnings).toEqual([]);
    }
    await this.#untilPods('take effect', (isChecked) => isChecked);
  }

  #untilPods(what: string, isDone: (isChecked: boolean) => boolean): Promise<unknown> {
    return eventually(`the policies to ${what}`, async () => {
      const answers = [await this.write(podOf([BAD])), await this.write(BAD_MIRROR)];
      const checked = answers.map(({ answer }) => answer.status === 403 || answer.warnings.length > 0);
      return checked.every(isDone) ? true : undefined;
    });
  }

  /** Creates a pod as a dry run, under a unique name. */
  async write(object: GeneratedPod): Promise<{ readonly name: string; readonly answer: Answer }> {
    this.#written += 1;
    const name = `p-${this.#written}`;
    const answer = await this.plane.admin.create({ ...object, metadata: { ...object.metadata, name } }, '?dryRun=All');
    return { name, answer };
  }

  /** The results of a policy for pods. Each pod must be in the audit log, or a missing result would prove nothing. */
  verdictsOf(names: readonly string[], policy = SLUG): Promise<ReadonlyMap<string, string>> {
    return eventually('the audit log to have all pods', () => {
      const events = this.plane.auditLog().split('\n').filter(Boolean);
      const annotations = new Map(
        events.map((line) => {
          const event = JSON.parse(line) as AuditEvent;
          return [event.objectRef?.name ?? '', event.annotations?.[`${policy}.kubelet-guard.dev/verdict`]] as const;
        }),
      );
      const claimed = Array.from(annotations).flatMap(([name, verdict]) =>
        verdict === undefined ? [] : [[name, verdict] as const],
      );
      return Promise.resolve(names.every((name) => annotations.has(name)) ? new Map(claimed) : undefined);
    });
  }

  /** Writes a pod, and returns the answer and the result of the policy. */
  async check(object: GeneratedPod, policy = SLUG) {
    const { name, answer } = await this.write(object);
    return { answer, verdict: (await this.verdictsOf([name], policy)).get(name) };
  }
}

/** The objects that `export vap` prints. */
export async function exported(
  plane: ControlPlane,
  configuration: string,
  ...more: readonly string[]
): Promise<KubeObject[]> {
  const path = plane.write('guard.yaml', guardConfiguration(configuration));
  const { code, stdout, stderr } = await runCli(['export', 'vap', '--config', path, ...more]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return parseAllDocuments(stdout).map((document) => document.toJS() as KubeObject);
}

/** A configuration with these settings of the control, as flow YAML, and further settings. */
export function guardConfiguration(settings: string): string {
  const [control = '', ...more] = settings.split('\n');
  const head = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\ncontrols:\n';
  return `${head}  ${SLUG}: ${control}\n${more.map((line) => `${line}\n`).join('')}`;
}

function mirrorOf({ metadata, spec, ...object }: GeneratedPod): GeneratedPod {
  const annotations = { 'kubernetes.io/config.mirror': 'x' };
  return { ...object, metadata: Object.assign({}, metadata, { annotations }), spec: { ...spec, nodeName: 'node-1' } };
}
