{{- define "plimsoll.args" -}}
- serve
- --config=/etc/plimsoll/plimsoll.yaml
- --listen=0.0.0.0:8443
- --admin=0.0.0.0:8080
{{- if include "plimsoll.isSelfManaged" . }}
- --tls-self-managed={{ include "plimsoll.certificateSecret" . }}
- --service={{ include "plimsoll.fullname" . }}
- --webhook-configuration={{ include "plimsoll.fullname" . }}
{{- else }}
- --tls-dir=/etc/plimsoll-tls
{{- end }}
- --log={{ .Values.server.log }}
- --drain-delay={{ int .Values.server.drainDelaySeconds }}s
- --shutdown-timeout={{ int .Values.server.shutdownTimeoutSeconds }}s
{{- with .Values.server.onFailure }}
- --on-failure={{ . }}
{{- end }}
{{- with .Values.server.concurrency }}
- --concurrency={{ int . }}
{{- end }}
{{- with .Values.server.queue }}
- --queue={{ int . }}
{{- end }}
{{- end }}

{{- define "plimsoll.env" -}}
{{- with .Values.telemetry.otlpEndpoint -}}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- if include "plimsoll.otlpAuthorities" $ }}
- { name: OTEL_EXPORTER_OTLP_CERTIFICATE, value: /etc/otlp/ca.crt }
{{- end }}
- { name: OTEL_SERVICE_NAME, value: {{ include "plimsoll.fullname" $ }} }
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ $.Release.Namespace }},k8s.pod.name=$(POD_NAME)
  {{- range $key, $value := $.Values.telemetry.resourceAttributes }},{{ $key }}={{ $value }}{{ end }}
{{- end }}
{{- end }}

{{- /* The ConfigMap with the authorities of the collector, where there is one over TLS: the image has none of its own. */ -}}
{{- define "plimsoll.otlpAuthorities" -}}
{{- if hasPrefix "https://" .Values.telemetry.otlpEndpoint -}}
{{ required "give telemetry.caConfigMap, a ConfigMap whose ca.crt has the authorities of the collector: the image has none" .Values.telemetry.caConfigMap }}
{{- end }}
{{- end }}

{{- define "plimsoll.affinity" -}}
{{- if .Values.affinity }}
{{- toYaml .Values.affinity }}
{{- else -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "plimsoll.selector" . | nindent 12 }}
{{- end }}
{{- end }}

{{- define "plimsoll.spread" -}}
{{- if .Values.topologySpreadConstraints }}
{{- toYaml .Values.topologySpreadConstraints }}
{{- else -}}
- topologyKey: topology.kubernetes.io/zone
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  # Counts the pods of one revision, so that those that are going away do not push the new ones together.
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels: {{- include "plimsoll.selector" . | nindent 6 }}
{{- end }}
{{- end }}
