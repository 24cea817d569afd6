{{/* `npm run docs` writes this file from the resources in src/facts/inputs. */}}
{{- define "kubelet-guard.declaredClusters" -}}
- name: declared-clusters.kubelet-guard.dev
  admissionReviewVersions:
    - v1
  failurePolicy: {{ .Values.validatingWebhookConfiguration.failurePolicy }}
  matchPolicy: Equivalent
  sideEffects: None
  timeoutSeconds: {{ .Values.validatingWebhookConfiguration.timeoutSeconds }}
  rules:
    - apiGroups:
        - management.cattle.io
      apiVersions:
        - v3
      operations:
        - CREATE
        - UPDATE
      resources:
        - clusters
      scope: '*'
    - apiGroups:
        - provisioning.cattle.io
      apiVersions:
        - v1
      operations:
        - CREATE
        - UPDATE
      resources:
        - clusters
      scope: '*'
    - apiGroups:
        - controlplane.cluster.x-k8s.io
      apiVersions:
        - v1beta1
      operations:
        - CREATE
        - UPDATE
      resources:
        - rke2controlplanes
        - rke2controlplanetemplates
        - kthreescontrolplanes
        - kthreescontrolplanetemplates
        - k0scontrolplanes
      scope: '*'
    - apiGroups:
        - bootstrap.cluster.x-k8s.io
      apiVersions:
        - v1beta1
      operations:
        - CREATE
        - UPDATE
      resources:
        - rke2configs
        - rke2configtemplates
        - kthreesconfigs
        - kthreesconfigtemplates
        - k0sworkerconfigs
        - k0sworkerconfigtemplates
      scope: '*'
    - apiGroups:
        - controlplane.cluster.x-k8s.io
      apiVersions:
        - v1beta1
        - v1beta2
      operations:
        - CREATE
        - UPDATE
      resources:
        - kubeadmcontrolplanes
        - kubeadmcontrolplanetemplates
      scope: '*'
    - apiGroups:
        - bootstrap.cluster.x-k8s.io
      apiVersions:
        - v1beta1
        - v1beta2
      operations:
        - CREATE
        - UPDATE
      resources:
        - kubeadmconfigs
        - kubeadmconfigtemplates
      scope: '*'
    - apiGroups:
        - machineconfiguration.openshift.io
      apiVersions:
        - v1
      operations:
        - CREATE
        - UPDATE
      resources:
        - machineconfigs
        - kubeletconfigs
      scope: '*'
    - apiGroups:
        - bootstrap.cluster.x-k8s.io
      apiVersions:
        - v1beta2
        - v1beta1
      operations:
        - CREATE
        - UPDATE
      resources:
        - eksconfigs
        - eksconfigtemplates
      scope: '*'
    - apiGroups:
        - bootstrap.cluster.x-k8s.io
      apiVersions:
        - v1beta2
      operations:
        - CREATE
        - UPDATE
      resources:
        - nodeadmconfigs
        - nodeadmconfigtemplates
      scope: '*'
    - apiGroups:
        - karpenter.k8s.aws
      apiVersions:
        - v1
        - v1beta1
      operations:
        - CREATE
        - UPDATE
      resources:
        - ec2nodeclasses
      scope: '*'
  matchConditions:
    - name: objects-that-hold-settings
      expression: |-
        (request.resource.group + '/' + request.resource.resource) in ['management.cattle.io/clusters'] ? (object.?spec.?rancherKubernetesEngineConfig.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['provisioning.cattle.io/clusters'] ? (object.?spec.?rkeConfig.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/rke2controlplanes', 'controlplane.cluster.x-k8s.io/rke2controlplanetemplates', 'bootstrap.cluster.x-k8s.io/rke2configs', 'bootstrap.cluster.x-k8s.io/rke2configtemplates', 'controlplane.cluster.x-k8s.io/kthreescontrolplanes', 'controlplane.cluster.x-k8s.io/kthreescontrolplanetemplates', 'bootstrap.cluster.x-k8s.io/kthreesconfigs', 'bootstrap.cluster.x-k8s.io/kthreesconfigtemplates', 'controlplane.cluster.x-k8s.io/k0scontrolplanes', 'bootstrap.cluster.x-k8s.io/k0sworkerconfigs', 'bootstrap.cluster.x-k8s.io/k0sworkerconfigtemplates', 'bootstrap.cluster.x-k8s.io/kubeadmconfigs', 'bootstrap.cluster.x-k8s.io/eksconfigs', 'bootstrap.cluster.x-k8s.io/eksconfigtemplates', 'bootstrap.cluster.x-k8s.io/nodeadmconfigs', 'bootstrap.cluster.x-k8s.io/nodeadmconfigtemplates'] ? (object.?spec.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/kubeadmcontrolplanes'] ? (object.?spec.?kubeadmConfigSpec.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/kubeadmcontrolplanetemplates'] ? (object.?spec.?template.?spec.?kubeadmConfigSpec.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['bootstrap.cluster.x-k8s.io/kubeadmconfigtemplates'] ? (object.?spec.?template.?spec.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['machineconfiguration.openshift.io/machineconfigs'] ? (object.?spec.?config.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['karpenter.k8s.aws/ec2nodeclasses'] ? (object.?spec.?userData.hasValue()) :
        (request.resource.group + '/' + request.resource.resource) in ['machineconfiguration.openshift.io/kubeletconfigs'] ? (object.?spec.?kubeletConfig.hasValue()) :
        false
    - name: updates-that-change-what-is-judged
      expression: |-
        request.operation != 'UPDATE' || (
        (request.resource.group + '/' + request.resource.resource) in ['management.cattle.io/clusters'] ? (object.?spec.?rancherKubernetesEngineConfig != oldObject.?spec.?rancherKubernetesEngineConfig) :
        (request.resource.group + '/' + request.resource.resource) in ['provisioning.cattle.io/clusters'] ? (object.?spec.?rkeConfig != oldObject.?spec.?rkeConfig || object.?spec.?kubernetesVersion != oldObject.?spec.?kubernetesVersion) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/rke2controlplanes', 'controlplane.cluster.x-k8s.io/rke2controlplanetemplates', 'bootstrap.cluster.x-k8s.io/rke2configs', 'bootstrap.cluster.x-k8s.io/rke2configtemplates', 'controlplane.cluster.x-k8s.io/kthreescontrolplanes', 'controlplane.cluster.x-k8s.io/kthreescontrolplanetemplates', 'bootstrap.cluster.x-k8s.io/kthreesconfigs', 'bootstrap.cluster.x-k8s.io/kthreesconfigtemplates', 'controlplane.cluster.x-k8s.io/k0scontrolplanes', 'bootstrap.cluster.x-k8s.io/k0sworkerconfigs', 'bootstrap.cluster.x-k8s.io/k0sworkerconfigtemplates', 'bootstrap.cluster.x-k8s.io/kubeadmconfigs', 'bootstrap.cluster.x-k8s.io/eksconfigs', 'bootstrap.cluster.x-k8s.io/eksconfigtemplates', 'bootstrap.cluster.x-k8s.io/nodeadmconfigs', 'bootstrap.cluster.x-k8s.io/nodeadmconfigtemplates'] ? (object.?spec != oldObject.?spec) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/kubeadmcontrolplanes'] ? (object.?spec.?kubeadmConfigSpec != oldObject.?spec.?kubeadmConfigSpec || object.?spec.?version != oldObject.?spec.?version) :
        (request.resource.group + '/' + request.resource.resource) in ['controlplane.cluster.x-k8s.io/kubeadmcontrolplanetemplates'] ? (object.?spec.?template.?spec.?kubeadmConfigSpec != oldObject.?spec.?template.?spec.?kubeadmConfigSpec) :
        (request.resource.group + '/' + request.resource.resource) in ['bootstrap.cluster.x-k8s.io/kubeadmconfigtemplates'] ? (object.?spec.?template.?spec != oldObject.?spec.?template.?spec) :
        (request.resource.group + '/' + request.resource.resource) in ['machineconfiguration.openshift.io/machineconfigs'] ? (object.?spec.?config != oldObject.?spec.?config) :
        (request.resource.group + '/' + request.resource.resource) in ['karpenter.k8s.aws/ec2nodeclasses'] ? (object.?spec.?userData != oldObject.?spec.?userData) :
        (request.resource.group + '/' + request.resource.resource) in ['machineconfiguration.openshift.io/kubeletconfigs'] ? (object.?spec.?kubeletConfig != oldObject.?spec.?kubeletConfig) :
        false
        )
    - name: not-made-by-a-controller
      expression: |-
        !((request.resource.group + '/' + request.resource.resource) in ['bootstrap.cluster.x-k8s.io/rke2configs', 'bootstrap.cluster.x-k8s.io/kthreesconfigs', 'bootstrap.cluster.x-k8s.io/k0sworkerconfigs', 'bootstrap.cluster.x-k8s.io/kubeadmconfigs', 'machineconfiguration.openshift.io/machineconfigs', 'bootstrap.cluster.x-k8s.io/eksconfigs', 'bootstrap.cluster.x-k8s.io/nodeadmconfigs']) ||
        !request.userInfo.username.startsWith('system:serviceaccount:') ||
        !object.metadata.?ownerReferences.orValue([]).exists(owner, owner.?controller.orValue(false))
  clientConfig:
    service:
      namespace: {{ .Release.Namespace }}
      name: kubelet-guard
      path: /validate
      port: 443
{{- end }}
