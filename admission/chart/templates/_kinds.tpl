{{- /* What is judged, by group, without subresources; `plimsoll webhook manifest` prints the same, and a test compares. */ -}}
{{- define "plimsoll.kinds" -}}
{{- $kinds := dict
  "" (list "pods" "podtemplates" "replicationcontrollers")
  "agent.k8s.elastic.co" (list "agents")
  "apm.k8s.elastic.co" (list "apmservers")
  "apps" (list "daemonsets" "deployments" "replicasets" "statefulsets")
  "apps.kruise.io" (list "clonesets" "daemonsets" "statefulsets")
  "apps.openshift.io" (list "deploymentconfigs")
  "argoproj.io" (list "rollouts")
  "batch" (list "cronjobs" "jobs")
  "batch.volcano.sh" (list "jobs")
  "beat.k8s.elastic.co" (list "beats")
  "core.strimzi.io" (list "strimzipodsets")
  "elasticsearch.k8s.elastic.co" (list "elasticsearches")
  "jobset.x-k8s.io" (list "jobsets")
  "kibana.k8s.elastic.co" (list "kibanas")
  "kubeflow.org" (list "jaxjobs" "mpijobs" "paddlejobs" "pytorchjobs" "tfjobs" "xgboostjobs")
  "leaderworkerset.x-k8s.io" (list "leaderworkersets")
  "logstash.k8s.elastic.co" (list "logstashes")
  "ray.io" (list "rayclusters" "raycronjobs" "rayjobs" "rayservices")
  "serving.knative.dev" (list "configurations" "services")
  "trainer.kubeflow.org" (list "clustertrainingruntimes" "trainingruntimes")
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
{{- if or (hasSuffix "s" $name) (hasSuffix "x" $name) (hasSuffix "ch" $name) (hasSuffix "sh" $name) -}}
{{ $name }}es
{{- else if hasSuffix "y" $name -}}
{{ trimSuffix "y" $name }}ies
{{- else -}}
{{ $name }}s
{{- end }}
{{- end }}
