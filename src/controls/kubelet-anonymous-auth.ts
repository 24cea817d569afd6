// CIS Kubernetes 4.2.1 (AKS, EKS and GKE 3.2.1) wants the kubelet to refuse anonymous requests. The default depends on where
// the kubelet starts from: false for a file, true for flags only (kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go:91,
// cmd/kubelet/app/options/options.go:217).

import { KUBELET_SETTINGS } from '../policy/settings.ts';
import { defineControl } from './shared/define-control.ts';
import { kubeletSettingName } from './shared/settings.ts';
import { kubeletRemediation } from './shared/remedies/kubelet.ts';

export const kubeletAnonymousAuth = defineControl(
  {
    slug: 'kubelet-anonymous-auth',
    component: 'kubelet',
    title: 'The kubelet rejects anonymous requests',
    expected: 'authentication.anonymous.enabled (--anonymous-auth) is false',
    rationale:
      'A kubelet that serves anonymous callers passes requests without any credential to its authorizer, as the user ' +
      'system:anonymous. It then does not matter whether kube-apiserver presents a certificate.',
    remediation: kubeletRemediation({
      field: 'authentication.anonymous.enabled',
      flag: 'anonymous-auth',
      value: 'false',
      usual: 'false',
      kops: 'anonymousAuth',
    }),
    codes: {
      enabled:
        'The kubelet serves anonymous requests, because a file, drop-in or flag enables them, or because that is the default without --config.',
      'would-not-start': 'The kubelet would exit with this configuration instead of starting.',
    },
    differences:
      'The benchmark looks for the argument, or for the field in one file. kubelet-guard checks the effective value after ' +
      'file, drop-ins and flags. A kubelet without --config serves anonymous callers by default, one with a file does not.',
    defaults: { action: 'audit' },
    supporting: true,
  },
  ({ anonymousAuth: reading }) =>
    reading &&
    ((notes) => {
      if (reading.state === 'unreadable') notes.problems.push(reading.problem);
      if (reading.state !== 'set') return;
      const { value, origin } = reading;
      const setting = kubeletSettingName(KUBELET_SETTINGS.anonymousAuth, reading);
      notes.evidence.push({ setting, value: String(value), origin });
      if (!value) return;
      const message =
        origin.layer === 'default'
          ? `${setting} is not set, and true is the default where no --config is given: anonymous requests are served`
          : `${setting} is true: anonymous requests are served`;
      notes.violations.push({ code: 'enabled', setting, message, origin });
    }),
);
