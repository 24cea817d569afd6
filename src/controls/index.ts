import type { Control } from '../policy/types.ts';
import { apiserverKubeletClientCert } from './apiserver-kubelet-client-cert.ts';
import { kubeletClientCA } from './kubelet-client-ca.ts';

/** Every control, in the order of the reports. */
export const controls: readonly Control[] = [apiserverKubeletClientCert, kubeletClientCA];
