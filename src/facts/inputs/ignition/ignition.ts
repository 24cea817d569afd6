// Ignition configurations, and the Butane configurations that they are made from.

import { asRecord, asString, isRecord } from '../../../json.ts';
import { hostInput } from '../host-input.ts';
import { ignitionHost } from './config.ts';

/** An Ignition configuration, usually JSON (coreos/ignition docs/configuration-v3_5.md). */
export const ignition = hostInput({
  name: 'Ignition configuration',
  kind: 'Ignition configuration',
  matches: ({ ignition: header, kind }) =>
    kind === undefined && isRecord(header) && asString(header.version) !== undefined,
  files: (object) => ignitionHost(object),
});

const VARIANT = /^(?:fcos|flatcar|openshift|r4e|fiot|rhcos)$/;

/** A Butane configuration (coreos/butane docs/specs.md), or one of Container Linux, which has no header. */
export const butane = hostInput({
  name: 'Butane configuration',
  kind: 'Butane configuration',
  matches: ({ variant, version, kind, apiVersion, ignition: header, storage, systemd, machine }) => {
    if (kind !== undefined || apiVersion !== undefined || header !== undefined) return false;
    if (variant !== undefined) return VARIANT.test(asString(variant) ?? '') && version !== undefined;
    const lists = [asRecord(storage).files, asRecord(systemd).units];
    return machine === undefined && lists.some((list) => Array.isArray(list));
  },
  files: (object) => ignitionHost(object),
});

/** The Ignition configuration of an object of OpenShift. */
export const machineConfig = hostInput({
  name: 'OpenShift `MachineConfig`',
  platform: 'openshift',
  kind: 'MachineConfig',
  matches: ({ apiVersion, kind }) =>
    kind === 'MachineConfig' && (asString(apiVersion) ?? '').startsWith('machineconfiguration.openshift.io/'),
  files: ({ spec }) => ignitionHost(asRecord(asRecord(spec).config), ['spec', 'config']),
  resources: [
    {
      ...{
        group: 'machineconfiguration.openshift.io',
        version: 'v1',
        kind: 'MachineConfig',
        resource: 'machineconfigs',
      },
      ...{ subResource: '', operations: ['CREATE', 'UPDATE'], reads: [['spec', 'config']] },
      // those named rendered-… and 99-…-generated-kubelet
      isMadeByControllers: true,
    },
  ],
});
