// CIS Kubernetes 4.2.2 (AKS, EKS and GKE 3.2.2) wants the kubelet's authorization mode not to be AlwaysAllow. The default
// depends on where the kubelet starts from: Webhook for a file, AlwaysAllow for flags only (kubernetes
// pkg/kubelet/apis/config/v1beta1/defaults.go:100, cmd/kubelet/app/options/options.go:221).

import { KUBELET_SETTINGS } from '../policy/settings.ts';
import { defineControl } from './shared/define-control.ts';
import { kubeletSettingName } from './shared/settings.ts';
import { kubeletRemediation } from './shared/remedies/kubelet.ts';

export const kubeletAuthorizationMode = defineControl(
  {
    slug: 'kubelet-authorization-mode',
    component: 'kubelet',
    title: 'The kubelet authorizes each request',
    expected: 'authorization.mode (--authorization-mode) is Webhook',
    rationale:
      'With AlwaysAllow every caller that the kubelet serves may do everything, including exec in any container of the ' +
      'node. The CA that the kubelet accepts then only decides under which name the caller does it.',
    remediation: kubeletRemediation({
      field: 'authorization.mode',
      flag: 'authorization-mode',
      value: 'Webhook',
      usual: 'Webhook',
      kops: 'authorizationMode',
    }),
    codes: {
      'always-allow':
        'The kubelet allows every request, because a file, drop-in or flag sets AlwaysAllow, or because that is the default without --config.',
      'would-not-start': 'The kubelet would exit with this configuration, or with this mode, instead of starting.',
    },
    differences:
      'The benchmark looks for the argument, or for the field in one file. kubelet-guard checks the effective value after ' +
      'file, drop-ins and flags. A kubelet without --config allows everything by default, one with a file does not. A ' +
      'kubelet with a mode that is neither Webhook nor AlwaysAllow does not start.',
    defaults: { action: 'audit' },
    supporting: true,
  },
  ({ authorizationMode: reading }) =>
    reading &&
    ((notes) => {
      if (reading.state === 'unreadable') notes.problems.push(reading.problem);
      if (reading.state !== 'set') return;
      const { value, origin } = reading;
      const setting = kubeletSettingName(KUBELET_SETTINGS.authorizationMode, reading);
      notes.evidence.push({ setting, value, origin });
      if (value === 'Webhook') return;
      if (value === 'AlwaysAllow') {
        const message =
          origin.layer === 'default'
            ? `${setting} is not set, and AlwaysAllow is the default where no --config is given: every request is allowed`
            : `${setting} is AlwaysAllow: every request is allowed`;
        notes.violations.push({ code: 'always-allow', setting, message, origin });
        return;
      }
      // cmd/kubelet/app/auth.go:118
      const reason = value === '' ? 'no authorization mode specified' : `unknown authorization mode ${value}`;
      const message = `kubelet would refuse to start: ${reason}; the modes are Webhook and AlwaysAllow`;
      notes.violations.push({ code: 'would-not-start', setting, message, origin });
    }),
);
