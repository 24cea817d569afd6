// Rules about who may call the kubelet: it exits where its authorizer or its client for webhooks cannot be made (kubernetes
// cmd/kubelet/app/auth.go: BuildAuthn, BuildAuthz; server.go: run, standalone mode).

import type { Reading } from '../../policy/reading.ts';
import { KUBELET_SETTINGS, type KubeletSetting, type SettingValue } from '../../policy/settings.ts';
import type { Refusal } from '../../policy/subject.ts';
import { readFlag } from '../argv/pflag.ts';
import type { KubeletStart } from './start.ts';

const MODES: readonly SettingValue[] = ['Webhook', 'AlwaysAllow'];

/** The modes are compared as they are written, and there is no list of them. */
export function authorizationMode({ readings: { authorizationMode: mode } }: KubeletStart): Refusal | undefined {
  if (mode.state !== 'set' || MODES.includes(mode.value)) return undefined;
  const what = mode.value === '' ? 'no authorization mode specified' : `unknown authorization mode ${mode.value}`;
  return refusalOf(`${what}; the modes are Webhook and AlwaysAllow`, KUBELET_SETTINGS.authorizationMode, mode);
}

/** Without a kubeconfig the kubelet has no client, and asks no API server about tokens and rights. */
export function webhookWithoutClient(start: KubeletStart): Refusal | undefined {
  const { commandLine, isWhole, readings } = start;
  if (!isWhole || commandLine === undefined) return undefined;
  const kubeconfig = readFlag(commandLine, 'kubeconfig', { layer: 'flag' });
  if (kubeconfig.state === 'unreadable' || (kubeconfig.state === 'set' && kubeconfig.value !== '')) return undefined;
  const { webhookAuthentication, authorizationMode: mode } = readings;
  if (webhookAuthentication.state === 'set' && webhookAuthentication.value)
    return refusalOf(
      'no client provided, cannot use webhook authentication: it is on, and --kubeconfig is not set',
      KUBELET_SETTINGS.webhookAuthentication,
      webhookAuthentication,
    );
  if (mode.state !== 'set' || mode.value !== 'Webhook') return undefined;
  return refusalOf(
    'no client provided, cannot use webhook authorization: it is on, and --kubeconfig is not set',
    KUBELET_SETTINGS.authorizationMode,
    mode,
  );
}

function refusalOf(
  reason: string,
  { flag, field }: KubeletSetting,
  reading: Extract<Reading<SettingValue>, { state: 'set' }>,
): Refusal {
  const { origin } = reading;
  return { reason, setting: origin.layer === 'flag' ? `--${flag}` : field, origin };
}
