{{- /* Where the queue is: what every command of the worker needs. */ -}}
{{- define "worker.queueEnv" -}}
- name: WORKER_QUEUE_URL
  {{- if .Values.queueUrl }}
  value: {{ .Values.queueUrl | quote }}
  {{- else }}
  valueFrom: { secretKeyRef: { name: {{ required "give queueUrl (nats://host:4222), or existingSecret.name for a Secret that has it" .Values.existingSecret.name }}, key: {{ .Values.existingSecret.key }} } }
  {{- end }}
{{- range $name, $file := dict
  "CREDS" .Values.natsFiles.credentials
  "NKEY" .Values.natsFiles.nkey
  "CA" .Values.natsFiles.ca
  "CERT" .Values.natsFiles.certificate
  "KEY" .Values.natsFiles.key
}}
{{- if $file }}
- { name: WORKER_NATS_{{ $name }}, value: /etc/nats/{{ $file }} }
{{- end }}
{{- end }}
- { name: WORKER_QUEUE, value: {{ .Values.queueName | quote }} }
- { name: WORKER_PARTITIONS, value: {{ .Values.migration.partitions | quote }} }
- { name: WORKER_MIGRATION_TIMEOUT, value: {{ int .Values.migration.deadlineSeconds }}s }
{{- end }}

{{- /* Settings of `run`: dict "root" $ "component" NAME "settings" MERGED "drain" SECONDS. */ -}}
{{- define "worker.runEnv" -}}
{{- $settings := .settings -}}
- { name: WORKER_MODE, value: {{ .component }} }
- { name: WORKER_LOG, value: {{ $settings.log | quote }} }
{{- range $name, $value := dict
  "CONCURRENCY" $settings.concurrency
  "RATE_LIMIT" $settings.rateLimit
  "MAX_ATTEMPTS" $settings.maxAttempts
  "MAX_DELIVERIES" $settings.maxDeliveries
}}
- { name: WORKER_{{ $name }}, value: {{ int $value | quote }} }
{{- end }}
{{- range $name, $value := dict
  "JOB_TIMEOUT" $settings.jobTimeoutSeconds
  "BACKOFF" $settings.backoffSeconds
  "MAX_BACKOFF" $settings.maxBackoffSeconds
  "LEASE" $settings.leaseSeconds
  "STARTUP_TIMEOUT" $settings.startupTimeoutSeconds
  "SHUTDOWN_TIMEOUT" $settings.shutdownTimeoutSeconds
  "LIVENESS_STALL" $settings.livenessStallSeconds
  "DRAIN_DELAY" .drain
}}
- { name: WORKER_{{ $name }}, value: {{ int $value }}s }
{{- end }}
- { name: WORKER_KEEP, value: {{ int $settings.keepDays }}days }
{{- with $settings.limits }}
- { name: WORKER_LIMITS, value: {{ join ";" . | quote }} }
{{- end }}
{{- if $settings.chaos }}
- { name: WORKER_CHAOS, value: "true" }
{{- end }}
- { name: WORKER_ADMIN, value: "0.0.0.0:8080" }
{{- end }}

{{- /* Who it is, and where its telemetry goes. */ -}}
{{- define "worker.identityEnv" -}}
- { name: POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: POD_UID, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
- { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
- { name: CONTAINER_NAME, value: worker }
- { name: OTEL_SERVICE_NAME, value: {{ include "worker.fullname" .root }}-{{ .component }} }
{{- with .root.Values.telemetry.otlpEndpoint }}
- { name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }} }
{{- end }}
{{- if include "worker.otlpAuthorities" .root }}
- { name: OTEL_EXPORTER_OTLP_CERTIFICATE, value: /etc/otlp/ca.crt }
{{- end }}
{{- range $name, $value := .root.Values.env }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- end }}
