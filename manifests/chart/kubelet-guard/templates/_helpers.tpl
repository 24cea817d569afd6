{{/* Labels that identify the release. They are not in selectors, which cannot be changed. */}}
{{- define "kubelet-guard.releaseLabels" -}}
app.kubernetes.io/name: kubelet-guard
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: kubelet-guard
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels and annotations of an object: (list ROOT LABELS ANNOTATIONS). The chart's own labels win over the values. */}}
{{- define "kubelet-guard.metadata" -}}
{{- $root := index . 0 }}
{{- $chart := dict "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") }}
{{- $labels := merge (include "kubelet-guard.releaseLabels" $root | fromYaml) $chart (index . 1) $root.Values.commonLabels }}
labels:
  {{- toYaml $labels | nindent 2 }}
{{- with merge dict (index . 2) $root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The same for an object without labels and annotations of its own. */}}
{{- define "kubelet-guard.plainMetadata" -}}
{{- include "kubelet-guard.metadata" (list . dict dict) }}
{{- end }}

{{/* The same for an object of one component: (list ROOT COMPONENT). */}}
{{- define "kubelet-guard.componentMetadata" -}}
{{- include "kubelet-guard.metadata" (list (index . 0) (dict "app.kubernetes.io/component" (index . 1)) dict) }}
{{- end }}

{{/* Labels and annotations of a hook: (list ROOT EVENT WEIGHT). A failed one stays, for its log. */}}
{{- define "kubelet-guard.hookMetadata" -}}
{{- $hook := dict "helm.sh/hook" (index . 1) "helm.sh/hook-weight" (index . 2) }}
{{- $_ := set $hook "helm.sh/hook-delete-policy" "before-hook-creation,hook-succeeded" }}
{{- $_ = set $hook "helm.sh/hook-output-log-policy" "hook-failed" }}
{{- include "kubelet-guard.metadata" (list (index . 0) dict $hook) }}
{{- end }}

{{/* Labels and annotations of the pods of a component: (list ROOT COMPONENT VALUES). */}}
{{- define "kubelet-guard.podMetadata" -}}
{{- $root := index . 0 }}
{{- $values := index . 2 }}
{{- $selector := include "kubelet-guard.selector" (index . 1) | fromYaml }}
labels:
  {{- merge $selector (include "kubelet-guard.releaseLabels" $root | fromYaml) ($values.podLabels | default dict) $root.Values.commonLabels | toYaml | nindent 2 }}
{{- with $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where the pods of a component run, from its values. */}}
{{- define "kubelet-guard.scheduling" -}}
{{- with pick . "nodeSelector" "tolerations" "affinity" }}
{{- range $key, $value := . }}
{{- with $value }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* More arguments of a component, from its values. */}}
{{- define "kubelet-guard.moreArgs" -}}
{{- if ne (.logLevel | default "info") "info" }}
- --log-level={{ .logLevel }}
{{- end }}
{{- range .extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* Spread over nodes, or over what VALUES say: (list COMPONENT VALUES KEY...). */}}
{{- define "kubelet-guard.spread" -}}
{{- $component := index . 0 }}
{{- $own := (index . 1).topologySpreadConstraints }}
{{- if kindIs "slice" $own }}
{{- with $own }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- else }}
topologySpreadConstraints:
  {{- range slice . 2 }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "kubelet-guard.selector" $component | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end }}

{{- define "kubelet-guard.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- $digest := .Values.image.digest | default (hasPrefix "sha256:" $tag | ternary $tag "") -}}
{{ .Values.image.repository }}{{ empty $digest | ternary (print ":" $tag) (print "@" $digest) }}
{{- end }}

{{/* The namespaces whose objects are judged, as JSON. */}}
{{- define "kubelet-guard.namespaces" -}}
{{- $namespaces := .Values.config.namespaces | default (list "kube-system") -}}
{{- if .Values.openshift.enabled }}{{ $namespaces = append $namespaces "openshift-kube-apiserver" | uniq }}{{ end -}}
{{ toJson $namespaces }}
{{- end }}

{{/* The pod security level of the namespace. */}}
{{- define "kubelet-guard.podSecurity" -}}
{{ .Values.webhook.hostNetwork | ternary "privileged" "restricted" }}
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

{{/* The probes of a program whose local port is the argument. */}}
{{- define "kubelet-guard.probes" -}}
startupProbe:
  # waits until the program listens: a failed check would be a Warning at each start
  exec:
    command:
      - /usr/local/bin/node
      - --eval
      - >-
        const wait = () => require('node:net').connect({{ . }}, '127.0.0.1')
        .on('connect', () => process.exit()).on('error', () => setTimeout(wait, 50)); wait()
  periodSeconds: 1
  timeoutSeconds: 60
  failureThreshold: 1
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
