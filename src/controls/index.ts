// Every control, in the order of reports: supporting controls last. `npm run docs` generates this file.

import type { Control } from '../policy/control.ts';
import { apiserverKubeletCA } from './apiserver-kubelet-ca.ts';
import { apiserverKubeletClientCert } from './apiserver-kubelet-client-cert.ts';
import { kubeletAnonymousAuth } from './kubelet-anonymous-auth.ts';
import { kubeletAuthorizationMode } from './kubelet-authorization-mode.ts';
import { kubeletClientCA } from './kubelet-client-ca.ts';

/** Every control, in the order of reports. */
export const controls: readonly Control[] = [
  apiserverKubeletClientCert,
  kubeletClientCA,
  apiserverKubeletCA,
  kubeletAnonymousAuth,
  kubeletAuthorizationMode,
];
