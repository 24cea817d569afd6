// The settings that controls check, one row for each. Everything that reads, names or exports a setting is derived from these rows.

import type { Reading } from './reading.ts';

/** The types of settings and their values. The kubelet resolves a relative `path` against the folder of its --config. */
interface ValueTypes {
  readonly path: string;
  readonly string: string;
  readonly boolean: boolean;
  readonly number: number;
}

/** The type of a setting. */
export type SettingType = keyof ValueTypes;
/** A value that a setting can have. */
export type SettingValue = ValueTypes[SettingType];

/** What the settings of both components have in common. */
interface Setting {
  /** The flag's name without dashes. */
  readonly flag: string;
  readonly type: SettingType;
  /** The link between kube-apiserver and kubelets is unauthenticated without it. */
  readonly link?: true;
}

/** A setting of kube-apiserver. */
export type ApiServerSetting = Setting;

/** A setting of the kubelet. */
export interface KubeletSetting extends Setting {
  /** The field of KubeletConfiguration as a path with dots, spelled as in Go's JSON tags. */
  readonly field: string;
  /**
   * The value where nothing sets it: in a file given by --config, and without a file. Left out: the setting is then unset.
   * Sources: kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go, cmd/kubelet/app/options/options.go.
   */
  readonly defaults: { readonly file?: SettingValue; readonly flags?: SettingValue };
  /** Whether /configz shows the field always, or leaves it out while it is empty, false or zero (`omitempty` in types.go). */
  readonly configz: 'always' | 'unless-empty';
}

/** kube-apiserver's settings. The key is the property of the subject `ApiServer`. */
export const API_SERVER_SETTINGS = {
  kubeletClientCertificate: { flag: 'kubelet-client-certificate', type: 'path', link: true },
  kubeletClientKey: { flag: 'kubelet-client-key', type: 'path', link: true },
  // the CA that kube-apiserver verifies the serving certificates of kubelets with
  kubeletCertificateAuthority: { flag: 'kubelet-certificate-authority', type: 'path' },
} as const satisfies Readonly<Record<string, ApiServerSetting>>;

/** The kubelet's settings. The key is the property of the subject `Kubelet`. */
export const KUBELET_SETTINGS = {
  clientCAFile: {
    flag: 'client-ca-file',
    field: 'authentication.x509.clientCAFile',
    type: 'path',
    link: true,
    defaults: {},
    configz: 'unless-empty',
  },
  // defaults.go:91, options.go:217
  anonymousAuth: {
    flag: 'anonymous-auth',
    field: 'authentication.anonymous.enabled',
    type: 'boolean',
    defaults: { file: false, flags: true },
    configz: 'always',
  },
  // defaults.go:94, options.go:219; no control needs it, but a kubelet without a kubeconfig does not start with it
  webhookAuthentication: {
    flag: 'authentication-token-webhook',
    field: 'authentication.webhook.enabled',
    type: 'boolean',
    defaults: { file: true, flags: false },
    configz: 'always',
  },
  // defaults.go:100, options.go:221
  authorizationMode: {
    flag: 'authorization-mode',
    field: 'authorization.mode',
    type: 'string',
    defaults: { file: 'Webhook', flags: 'AlwaysAllow' },
    configz: 'always',
  },
} as const satisfies Readonly<Record<string, KubeletSetting>>;

/** The name of one of kube-apiserver's settings. */
export type ApiServerSettingName = keyof typeof API_SERVER_SETTINGS;
/** The name of one of the kubelet's settings. */
export type KubeletSettingName = keyof typeof KUBELET_SETTINGS;

type ReadingsOf<Table extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Table]: Reading<ValueTypes[Table[Name]['type']]>;
};

/** A reading of each of kube-apiserver's settings. */
export type ApiServerReadings = ReadingsOf<typeof API_SERVER_SETTINGS>;
/** A reading of each of the kubelet's settings. */
export type KubeletReadings = ReadingsOf<typeof KUBELET_SETTINGS>;
