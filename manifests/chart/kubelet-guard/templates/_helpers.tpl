{{- define "kubelet-guard.labels" -}}
app.kubernetes.io/name: kubelet-guard
{{- end }}

{{- define "kubelet-guard.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}{{ hasPrefix "sha256:" $tag | ternary "@" ":" }}{{ $tag }}
{{- end }}

{{/* The namespaces whose objects are judged, as JSON. */}}
{{- define "kubelet-guard.namespaces" -}}
{{- $namespaces := .Values.config.namespaces | default (list "kube-system") -}}
{{- if .Values.openshift.enabled }}{{ $namespaces = append $namespaces "openshift-kube-apiserver" | uniq }}{{ end -}}
{{ toJson $namespaces }}
{{- end }}

{{- define "kubelet-guard.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "kubelet-guard.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "kubelet-guard.probes" -}}
startupProbe:
  httpGet:
    path: /livez
    port: local
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /livez
    port: local
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: local
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}

{{/* The labels by which the pods of one component are selected. */}}
{{- define "kubelet-guard.selector" -}}
app.kubernetes.io/name: kubelet-guard
app.kubernetes.io/component: {{ . }}
{{- end }}

{{/* What each preset configures: the same as the kustomize component of its name. */}}
{{- define "kubelet-guard.presets" -}}
audit:
  controls:
    apiserver-kubelet-client-cert: { action: audit }
    kubelet-client-ca: { action: audit }
ratchet:
  controls:
    apiserver-kubelet-client-cert: { action: ratchet }
    kubelet-client-ca: { action: ratchet }
enforce:
  controls:
    apiserver-kubelet-client-cert: { action: enforce, "on": { mirror-pod: ratchet } }
    kubelet-client-ca: { action: enforce, "on": { mirror-pod: ratchet } }
  onUnknown: deny
{{- end }}

{{/* Not empty where Helm installs: `helm template`, and what is built on it, sees no cluster, and runs no hooks. */}}
{{- define "kubelet-guard.hooks" -}}
{{- if or (eq .Values.hooks "always") (and (eq .Values.hooks "auto") (lookup "v1" "Namespace" "" "kube-system")) }}hooks{{ end -}}
{{- end }}
