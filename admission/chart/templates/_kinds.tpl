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
{{- range .Values.webhook.customKinds }}
{{- $_ := set $kinds .group (append (get $kinds .group | default list) .resource | uniq) }}
{{- end }}
{{- toYaml $kinds }}
{{- end }}
