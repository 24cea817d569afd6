// What alerts say: series that a Prometheus scrapes, and the alerts that fire. Prometheus's own test tool runs them.

/** Series in, alerts out. */
export interface AlertCase {
  readonly title: string;
  readonly alert: string;
  /** The values of each series, in promtool's notation, one a minute. */
  readonly series: Readonly<Record<string, string>>;
  readonly at: string;
  /** The alerts of that name that fire: their labels, and their text. */
  readonly fires: readonly { readonly labels: Readonly<Record<string, string>>; readonly description: string }[];
}

const DAY = 86_400;

const finding = (control: string, result: string, vantage: string, more = ''): string =>
  `kubelet_guard_findings{control="${control}",result="${result}",vantage="${vantage}"${more}}`;
const duration = (part: string, labels: string): string =>
  `kubelet_guard_admission_duration_seconds_${part}{${labels}}`;

/** What a stock kubeadm cluster shows: kubeadm sets no CA for kubelets, neither for the process nor in its ConfigMap. */
const STOCK = {
  [finding('apiserver-kubelet-ca', 'fail', 'live')]: '1x60',
  [finding('apiserver-kubelet-ca', 'fail', 'declared')]: '1x60',
  [finding('apiserver-kubelet-client-cert', 'pass', 'live')]: '1x60',
  [finding('kubelet-client-ca', 'pass', 'live')]: '3x60',
};

const registered =
  'kube_validatingwebhookconfiguration_info{namespace="default",validatingwebhookconfiguration="kubelet-guard"}';
const expiry = 'kubelet_guard_certificate_expiry_timestamp_seconds';

/** Each alert at least once firing and once silent. */
export const ALERT_CASES: readonly AlertCase[] = [
  {
    title: 'a main control that fails on what runs is critical; two replicas are counted once',
    alert: 'KubeletGuardViolation',
    series: {
      [finding('kubelet-client-ca', 'fail', 'live', ',pod="a"')]: '2x10',
      [finding('kubelet-client-ca', 'fail', 'on-node', ',pod="a"')]: '1x10',
      [finding('kubelet-client-ca', 'fail', 'live', ',pod="b"')]: '2x10',
    },
    at: '5m',
    fires: [
      {
        labels: { control: 'kubelet-client-ca', severity: 'critical' },
        description:
          'Running components that fail kubelet-client-ca: 3. The reports, and /api/v1/report of the leading sweeper, name them. Run kubelet-guard explain kubelet-client-ca for the fix.',
      },
    ],
  },
  {
    title: 'a stock kubeadm cluster raises no critical alert',
    alert: 'KubeletGuardViolation',
    series: STOCK,
    at: '30m',
    fires: [],
  },
  {
    title: 'an exempt finding raises none',
    alert: 'KubeletGuardViolation',
    series: { [finding('kubelet-client-ca', 'exempt', 'live')]: '1x10' },
    at: '5m',
    fires: [],
  },
  {
    title: 'a supporting control that fails on what runs is a warning',
    alert: 'KubeletGuardSupportingViolation',
    series: STOCK,
    at: '30m',
    fires: [
      {
        labels: { control: 'apiserver-kubelet-ca', severity: 'warning' },
        description:
          'Running components that fail apiserver-kubelet-ca: 1. Run kubelet-guard explain apiserver-kubelet-ca for the fix, or exempt them.',
      },
    ],
  },
  {
    title: 'an exempt supporting control raises none',
    alert: 'KubeletGuardSupportingViolation',
    series: { [finding('apiserver-kubelet-ca', 'exempt', 'live')]: '1x10' },
    at: '5m',
    fires: [],
  },
  {
    title: 'kubeadm-config without a CA for kubelets, while the process has one, is only information',
    alert: 'KubeletGuardDeclaredViolation',
    series: {
      [finding('apiserver-kubelet-ca', 'fail', 'declared')]: '1x10',
      [finding('apiserver-kubelet-ca', 'pass', 'live')]: '1x10',
    },
    at: '5m',
    fires: [
      {
        labels: { control: 'apiserver-kubelet-ca', severity: 'info' },
        description:
          'Objects that fail apiserver-kubelet-ca, such as the ConfigMaps kubeadm-config and kubelet-config: 1. What runs has alerts of its own.',
      },
    ],
  },
  {
    title: 'kubelet-config without a client CA is a warning, for each cluster',
    alert: 'KubeletGuardDeclaredViolation',
    series: { [finding('kubelet-client-ca', 'fail', 'declared', ',cluster="west"')]: '1x10' },
    at: '5m',
    fires: [
      {
        labels: { cluster: 'west', control: 'kubelet-client-ca', severity: 'warning' },
        description:
          'Objects that fail kubelet-client-ca, such as the ConfigMaps kubeadm-config and kubelet-config: 1. What runs has alerts of its own.',
      },
    ],
  },
  {
    title: 'a declared object that passes raises none',
    alert: 'KubeletGuardDeclaredViolation',
    series: { [finding('kubelet-client-ca', 'fail', 'declared')]: '0x10' },
    at: '5m',
    fires: [],
  },
  {
    title: 'what stays unknown for an hour is a warning',
    alert: 'KubeletGuardUnknown',
    series: { [finding('kubelet-client-ca', 'unknown', 'live')]: '4x90' },
    at: '65m',
    fires: [
      {
        labels: { control: 'kubelet-client-ca', severity: 'warning' },
        description:
          'Findings of kubelet-client-ca that have been unknown for an hour: 4. Unknown is not a pass. The reports have the reasons.',
      },
    ],
  },
  {
    title: 'what is unknown for a moment is none',
    alert: 'KubeletGuardUnknown',
    series: { [finding('kubelet-client-ca', 'unknown', 'live')]: '4x20 0x70' },
    at: '65m',
    fires: [],
  },
  {
    title: 'an expired exemption is information',
    alert: 'KubeletGuardExemptionExpired',
    series: { 'kubelet_guard_exemptions{state="expired"}': '2x10' },
    at: '5m',
    fires: [
      {
        labels: { severity: 'info' },
        description: 'Exemptions that have expired: 2. Renew or remove them.',
      },
    ],
  },
  {
    title: 'an active exemption raises none',
    alert: 'KubeletGuardExemptionExpired',
    series: { 'kubelet_guard_exemptions{state="active"}': '2x10', 'kubelet_guard_exemptions{state="expired"}': '0x10' },
    at: '5m',
    fires: [],
  },
  {
    title: 'a sweeper that never completed a sweep is noticed, in its own cluster',
    alert: 'KubeletGuardSweepIsOld',
    series: {
      'kubelet_guard_sweep_last_success_timestamp_seconds{cluster="east"}': '0+60x120',
      'kubelet_guard_sweep_last_success_timestamp_seconds{cluster="west"}': '0x120',
    },
    at: '95m',
    fires: [
      {
        labels: { cluster: 'west', severity: 'warning' },
        description:
          "The findings are out of date. The sweeping replica's log names what could not be read. The time of the last sweep, complete or not, is kubelet_guard_sweep_last_run_timestamp_seconds.",
      },
    ],
  },
  {
    title: 'a new leader whose first sweep is not over yet raises none',
    alert: 'KubeletGuardSweepIsOld',
    series: {
      'kubelet_guard_sweep_last_success_timestamp_seconds{pod="a"}': '0+60x90 _x30',
      'kubelet_guard_sweep_last_success_timestamp_seconds{pod="b"}': '0x100 6000x20',
    },
    at: '110m',
    fires: [],
  },
  {
    title: 'replicas of which none leads are noticed',
    alert: 'KubeletGuardNoLeader',
    series: { 'kubelet_guard_leader{pod="a"}': '1x5 0x30', 'kubelet_guard_leader{pod="b"}': '0x35' },
    at: '20m',
    fires: [
      {
        labels: { severity: 'warning' },
        description: "Nothing sweeps the cluster. See the Lease kubelet-guard-sweeper and the sweeper's logs.",
      },
    ],
  },
  {
    title: 'a change of the leader raises none',
    alert: 'KubeletGuardNoLeader',
    series: { 'kubelet_guard_leader{pod="a"}': '1x5 0x30', 'kubelet_guard_leader{pod="b"}': '0x7 1x30' },
    at: '20m',
    fires: [],
  },
  {
    title: 'reports that cannot be written for half an hour are noticed',
    alert: 'KubeletGuardReportsNotWritten',
    series: { 'kubelet_guard_report_writes_total{result="failed"}': '0+0.1x120' },
    at: '60m',
    fires: [
      {
        labels: { severity: 'warning' },
        description: "The reports in the API are out of date. See the sweeping replica's log.",
      },
    ],
  },
  {
    title: 'reports that are written raise none',
    alert: 'KubeletGuardReportsNotWritten',
    series: {
      'kubelet_guard_report_writes_total{result="failed"}': '0x120',
      'kubelet_guard_report_writes_total{result="written"}': '0+1x120',
    },
    at: '60m',
    fires: [],
  },
  {
    title: 'a webhook that is gone is noticed although the sweeper runs',
    alert: 'KubeletGuardAbsent',
    series: { [`${expiry}{pod="webhook"}`]: `${String(90 * DAY)}x5`, [`${expiry}{pod="sweeper"}`]: '0x60' },
    at: '30m',
    fires: [
      {
        labels: { severity: 'critical' },
        description:
          'The webhook does not run, or Prometheus cannot reach it. While it does not run, writes are not checked.',
      },
    ],
  },
  {
    title: 'a webhook that is gone from one cluster of two is noticed',
    alert: 'KubeletGuardAbsent',
    series: {
      [`${expiry}{cluster="east"}`]: `${String(90 * DAY)}x60`,
      [`${expiry}{cluster="west"}`]: `${String(90 * DAY)}x5`,
    },
    at: '30m',
    fires: [
      {
        labels: { cluster: 'west', severity: 'critical' },
        description:
          'The webhook does not run, or Prometheus cannot reach it. While it does not run, writes are not checked.',
      },
    ],
  },
  {
    title: 'a webhook that is scraped raises none',
    alert: 'KubeletGuardAbsent',
    series: { [expiry]: `${String(90 * DAY)}x60` },
    at: '30m',
    fires: [],
  },
  {
    title: 'a deleted ValidatingWebhookConfiguration is noticed',
    alert: 'KubeletGuardNotRegistered',
    series: { [registered]: '1x20', 'kube_namespace_created{namespace="kube-system"}': '1x60' },
    at: '40m',
    fires: [
      {
        labels: { severity: 'critical' },
        description: 'API servers do not ask the webhook, so no write is checked. Apply the manifests again.',
      },
    ],
  },
  {
    title: 'a ValidatingWebhookConfiguration that exists raises none',
    alert: 'KubeletGuardNotRegistered',
    series: { [registered]: '1x60', 'kube_namespace_created{namespace="kube-system"}': '1x60' },
    at: '40m',
    fires: [],
  },
  {
    title: 'a kube-state-metrics that is down raises none',
    alert: 'KubeletGuardNotRegistered',
    series: { [registered]: '1x20', 'kube_namespace_created{namespace="kube-system"}': '1x20' },
    at: '40m',
    fires: [],
  },
  {
    title: 'writes that were not checked are critical, and counted in whole numbers',
    alert: 'KubeletGuardNotCalled',
    series: {
      'apiserver_admission_webhook_fail_open_count{name="validate.kubelet-guard.dev",type="validating"}':
        '0x7 1 2 3 3x10',
      'apiserver_admission_webhook_fail_open_count{name="other.example",type="validating"}': '0+5x30',
    },
    at: '12m',
    fires: [
      {
        labels: { severity: 'critical' },
        description:
          "Writes that API servers allowed in 10 minutes because the webhook did not answer: about 3. It is down, unreachable, too slow, or its certificate is not accepted. See the API servers' logs.",
      },
    ],
  },
  {
    title: 'unchecked writes of another webhook raise none',
    alert: 'KubeletGuardNotCalled',
    series: { 'apiserver_admission_webhook_fail_open_count{name="other.example",type="validating"}': '0+5x30' },
    at: '12m',
    fires: [],
  },
  {
    title: 'answers with an error are noticed',
    alert: 'KubeletGuardAnswersWithErrors',
    series: { 'kubelet_guard_admission_requests_total{decision="error"}': '0x5 1x10' },
    at: '10m',
    fires: [
      {
        labels: { decision: 'error', severity: 'warning' },
        description: "Calls in 10 minutes that ended with decision error: about 1. See the webhook's log.",
      },
    ],
  },
  {
    title: 'denied changes raise none',
    alert: 'KubeletGuardAnswersWithErrors',
    series: { 'kubelet_guard_admission_requests_total{decision="deny"}': '0+10x20' },
    at: '10m',
    fires: [],
  },
  {
    title: 'a certificate that was not renewed is critical, and the time is written for people',
    alert: 'KubeletGuardCertificateExpires',
    series: { [`${expiry}{pod="webhook"}`]: `${String(10 * DAY)}x120`, [`${expiry}{pod="sweeper"}`]: '0x120' },
    at: '90m',
    fires: [{ labels: { severity: 'critical' }, description: 'It expires in 9d 22h 30m 0s.' }],
  },
  {
    title: 'a fresh certificate raises none',
    alert: 'KubeletGuardCertificateExpires',
    series: { [expiry]: `${String(60 * DAY)}x120` },
    at: '90m',
    fires: [],
  },
  {
    title: 'a rejected certificate is noticed',
    alert: 'KubeletGuardCertificateRejected',
    series: { 'kubelet_guard_certificate_reloads_total{result="failure"}': '0x5 1x30' },
    at: '20m',
    fires: [
      {
        labels: { severity: 'warning' },
        description: "The old certificate stays in use until it expires. The webhook's log has the reason.",
      },
    ],
  },
  {
    title: 'a loaded certificate raises none',
    alert: 'KubeletGuardCertificateRejected',
    series: {
      'kubelet_guard_certificate_reloads_total{result="success"}': '0x5 1x30',
      'kubelet_guard_certificate_reloads_total{result="failure"}': '0x35',
    },
    at: '20m',
    fires: [],
  },
  {
    title: 'a rejected configuration is noticed for as long as it is there',
    alert: 'KubeletGuardConfigurationRejected',
    series: {
      'kubelet_guard_config_last_reload_successful{pod="a"}': '1x5 0x600',
      'kubelet_guard_config_last_reload_successful{pod="b"}': '1x605',
    },
    at: '10h',
    fires: [
      {
        labels: { severity: 'warning' },
        description:
          'The old configuration stays in use, and a process that starts now exits. The log lists every error with line and column.',
      },
    ],
  },
  {
    title: 'a corrected configuration raises none',
    alert: 'KubeletGuardConfigurationRejected',
    series: { kubelet_guard_config_last_reload_successful: '1x5 0x10 1x60' },
    at: '30m',
    fires: [],
  },
  {
    title: 'many late and failed calls are critical; Prometheus 3 writes le differently',
    alert: 'KubeletGuardAnswersLate',
    series: {
      [duration('bucket', 'decision="allow",le="1.0"')]: '0+9x120',
      [duration('count', 'decision="allow"')]: '0+9.5x120',
      [duration('bucket', 'decision="error",le="1.0"')]: '0+0.5x120',
      [duration('count', 'decision="error"')]: '0+0.5x120',
      [duration('count', 'decision="malformed"')]: '0+50x120',
    },
    at: '70m',
    fires: [
      {
        labels: { severity: 'critical' },
        description:
          'In the last hour 10% of the calls were not answered within a second. API servers stop waiting after 2 seconds.',
      },
      {
        labels: { severity: 'warning' },
        description:
          'In the last 6 hours 10% of the calls were not answered within a second. API servers stop waiting after 2 seconds.',
      },
    ],
  },
  {
    title: 'a few late calls for hours are a warning',
    alert: 'KubeletGuardAnswersLate',
    series: {
      [duration('bucket', 'decision="allow",le="1"')]: '0+99x500',
      [duration('count', 'decision="allow"')]: '0+100x500',
    },
    at: '7h',
    fires: [
      {
        labels: { severity: 'warning' },
        description:
          'In the last 6 hours 1% of the calls were not answered within a second. API servers stop waiting after 2 seconds.',
      },
    ],
  },
  {
    title: 'one late call of few raises none',
    alert: 'KubeletGuardAnswersLate',
    series: {
      [duration('bucket', 'decision="allow",le="1"')]: '0+0.1x58 5.8x62',
      [duration('count', 'decision="allow"')]: '0+0.1x58 6.8x62',
    },
    at: '62m',
    fires: [],
  },
];
