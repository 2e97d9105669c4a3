{{- /* What is judged, by group, without subresources; `plimsoll webhook manifest` prints the same, and a test compares. */ -}}
{{- define "plimsoll.kinds" -}}
{{- $kinds := dict
  "" (list "pods" "podtemplates" "replicationcontrollers")
  "apps" (list "daemonsets" "deployments" "replicasets" "statefulsets")
  "apps.kruise.io" (list "clonesets")
  "argoproj.io" (list "rollouts")
  "batch" (list "cronjobs" "jobs")
  "serving.knative.dev" (list "services")
}}
{{- range .Values.config.workloads }}
{{- $resource := .resource | default (include "plimsoll.plural" .kind) }}
{{- $_ := set $kinds .group (append (get $kinds .group | default list) $resource | uniq | sortAlpha) }}
{{- end }}
{{- toYaml $kinds }}
{{- end }}

{{- /* As `plimsoll webhook manifest` guesses the resource of a kind. */ -}}
{{- define "plimsoll.plural" -}}
{{- $name := lower . }}
{{- if or (hasSuffix "s" $name) (hasSuffix "x" $name) -}}
{{ $name }}es
{{- else if hasSuffix "y" $name -}}
{{ trimSuffix "y" $name }}ies
{{- else -}}
{{ $name }}s
{{- end }}
{{- end }}
