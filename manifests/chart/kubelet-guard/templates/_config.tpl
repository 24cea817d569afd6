{{/* The configuration as YAML: `config`, then the preset, then the defaults. A control that `config` names is its alone. */}}
{{- define "kubelet-guard.config" -}}
{{- $config := deepCopy .Values.config }}
{{- range $config.controls }}
{{- /* Helm reads YAML 1.1, where `on` without quotes is `true` */ -}}
{{- if hasKey . "true" }}{{ $_ := set . "on" (get . "true") }}{{ $_ = unset . "true" }}{{ end }}
{{- end }}
{{- with .Values.preset }}
{{- $preset := include "kubelet-guard.presets" $ | fromYaml | dig . (dict) }}
{{- $controls := default dict $config.controls }}
{{- /* a control that the values name is theirs alone */ -}}
{{- range $slug, $control := $preset.controls }}
{{- if not (hasKey $controls $slug) }}{{ $_ := set $controls $slug $control }}{{ end }}
{{- end }}
{{- $config = merge (dict "controls" $controls) $config (omit $preset "controls") }}
{{- end }}
{{- $config = merge (dict "apiVersion" "kubelet-guard.dev/v1alpha1" "kind" "GuardConfiguration" "namespaces" (include "kubelet-guard.namespaces" . | fromJsonArray)) $config }}
{{- toYaml $config }}
{{- end }}

{{/* The main controls that can deny a change, as a JSON array: all that are not `audit` or `off` on every surface. */}}
{{- define "kubelet-guard.denying" -}}
{{- $controls := (include "kubelet-guard.config" . | fromYaml).controls | default dict }}
{{- $denying := list }}
{{- range $slug := include "kubelet-guard.presets" . | fromYaml | dig "audit" "controls" dict | keys | sortAlpha }}
{{- $control := get $controls $slug | default dict }}
{{- $actions := append (values ($control.on | default dict)) ($control.action | default "default") }}
{{- if without $actions "audit" "off" }}{{ $denying = append $denying $slug }}{{ end }}
{{- end }}
{{- toJson $denying }}
{{- end }}
