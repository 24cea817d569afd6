// The settings that the controls read, by component: one place that names them all.

import type { Problem, Reading } from '../policy/reading.ts';
import type { ApiServer, Kubelet } from '../policy/subject.ts';

/** The settings of a kube-apiserver. */
export type ApiServerReadings = Pick<
  ApiServer,
  'kubeletClientCertificate' | 'kubeletClientKey' | 'kubeletCertificateAuthority'
>;

/** The settings of a kubelet, as its configuration and command line show them. */
export type KubeletReadings = Required<Pick<Kubelet, 'clientCAFile' | 'anonymousAuth' | 'authorizationMode'>>;

/** Reads each of kube-apiserver's settings by the name of its flag. */
export function apiServerReadings(read: (flag: string) => Reading<string>): ApiServerReadings {
  return {
    kubeletClientCertificate: read('kubelet-client-certificate'),
    kubeletClientKey: read('kubelet-client-key'),
    kubeletCertificateAuthority: read('kubelet-certificate-authority'),
  };
}

/** The same reading for each of a kubelet's settings: nothing is set, or none can be read. */
export function kubeletReadings(reading: Exclude<Reading<never>, { state: 'set' }>): KubeletReadings {
  return { clientCAFile: reading, anonymousAuth: reading, authorizationMode: reading };
}

/** What cannot be read, for whatever reason. */
export function unreadableAs(problem: Problem): { readonly state: 'unreadable'; readonly problem: Problem } {
  return { state: 'unreadable', problem };
}
