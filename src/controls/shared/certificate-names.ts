// Who a client certificate names, and whether that user has rights on kubelets. The common name is the user, each organization a
// group (apiserver authentication/request/x509). A kubelet asks kube-apiserver whether the user may use `nodes/proxy`.

import type { CertificateFacts } from '../../policy/certificates.ts';

/** Groups that may do everything: by the API server itself, and by a ClusterRoleBinding that kubeadm makes. */
const ADMINS = ['system:masters', 'kubeadm:cluster-admins'];
/** Users whose roles are without `nodes/proxy` (plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go). */
const WITHOUT_RIGHTS = new Set([
  'system:kube-controller-manager',
  'system:kube-scheduler',
  'system:kube-proxy',
  'system:anonymous',
]);
const NODE = 'system:node:';
const NODES = 'system:nodes';

/**
 * Why kubelets answer 403 to the user of a certificate, unless somebody has given it rights; undefined if that is not certain. A user
 * or group of an own name can have got any rights.
 */
export function nameFault({ commonName = '', organizations, units }: CertificateFacts): string | undefined {
  if (organizations.some((group) => ADMINS.includes(group))) return undefined;
  const meant = organizations.find((group) => groupMeant(group) !== undefined);
  if (meant !== undefined) {
    return `has the organization ${JSON.stringify(meant)}, which is not the group ${groupMeant(meant) ?? ''}`;
  }
  const unit = units.find((each) => groupMeant(each) !== undefined);
  if (unit !== undefined) {
    return `has ${JSON.stringify(unit)} as its organizational unit (OU), and only an organization (O) is a group`;
  }
  if (ADMINS.includes(commonName)) return `has the common name ${commonName}, which is a user and not the group`;
  if (commonName.startsWith(NODE) && organizations.includes(NODES)) {
    return `is that of a node (${NODES}), and nodes have no rights on kubelets`;
  }
  return WITHOUT_RIGHTS.has(commonName) ? `is that of ${commonName}, which has no rights on kubelets` : undefined;
}

/** The group that a text nearly names. */
function groupMeant(text: string): string | undefined {
  const letters = (name: string): string => name.toLowerCase().replace(/[^a-z]/g, '');
  const given = letters(text.slice(0, 64));
  return ADMINS.find((group) => given === letters(group) || `${given}s` === letters(group));
}
