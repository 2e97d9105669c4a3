{{- /* F of the worker: 2 s to settle, 5 s for the last telemetry. */ -}}
{{- define "worker.flush" }}7{{ end }}

{{- define "worker.contract" -}}
plimsoll.dev/role: worker
plimsoll.dev/scale: {{ ternary "competing-consumers" "leased-partitions" (eq .component "queue") }}
plimsoll.dev/shutdown-timeout: {{ include "worker.duration" .settings.shutdownTimeoutSeconds }}
plimsoll.dev/drain-delay: {{ include "worker.duration" .drain }}
plimsoll.dev/flush-timeout: {{ include "worker.flush" . }}s
plimsoll.dev/startup-budget: {{ include "worker.duration" .settings.startupTimeoutSeconds }}
plimsoll.dev/liveness-stall: {{ include "worker.duration" .settings.livenessStallSeconds }}
plimsoll.dev/livez: /livez
plimsoll.dev/readyz: /readyz
plimsoll.dev/startupz: /startupz
plimsoll.dev/admin-port: "8080"
{{- end }}

{{- /* D + S + F, and 5 s so that the end does not come in a race. */ -}}
{{- define "worker.grace" -}}
{{- $grace := add .drain .settings.shutdownTimeoutSeconds (include "worker.flush" . | int) 5 -}}
{{- /* 30 is the default, and would look like nobody had thought of it. */ -}}
{{ ternary 31 $grace (eq (int $grace) 30) }}
{{- end }}

{{- define "worker.probes" -}}
# A start that answers with failure is waited for (n - 1) x 2 s: longer than the worker's own deadline.
startupProbe:
  httpGet: { path: /startupz, port: admin }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: {{ add 3 (div .settings.startupTimeoutSeconds 2) }}
# Silence is waited for (n - 1) x 10 + 5 s: longer than the longest stall that is still life.
livenessProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: {{ add 2 (div .settings.livenessStallSeconds 10) }}
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}

{{- define "worker.placement" -}}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- if .root.Values.topologySpreadConstraints }}
{{- toYaml .root.Values.topologySpreadConstraints | nindent 2 }}
{{- else }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    # Counts the pods of one revision, so that those that are going away do not push the new ones together.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels: {{- include "worker.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end }}

{{- /* What every pod has, also the one of the migration. */ -}}
{{- define "worker.pod" -}}
automountServiceAccountToken: false
# Else a Service called worker would set variables that begin like those of the settings.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- $authorities := include "worker.otlpAuthorities" . }}
{{- if or .Values.natsFiles.secretName $authorities }}
volumes:
  {{- with .Values.natsFiles.secretName }}
  - { name: nats, secret: { secretName: {{ . }} } }
  {{- end }}
  {{- with $authorities }}
  - { name: otlp, configMap: { name: {{ . }} } }
  {{- end }}
{{- end }}
{{- end }}

{{- /* The ConfigMap with the authorities of the collector, where there is one over TLS: the image has none of its own. */ -}}
{{- define "worker.otlpAuthorities" -}}
{{- if hasPrefix "https://" .Values.telemetry.otlpEndpoint -}}
{{ required "give telemetry.caConfigMap, a ConfigMap whose ca.crt has the authorities of the collector: the image has none" .Values.telemetry.caConfigMap }}
{{- end }}
{{- end }}

{{- define "worker.container" -}}
image: {{ include "worker.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- $authorities := include "worker.otlpAuthorities" . }}
{{- if or .Values.natsFiles.secretName $authorities }}
volumeMounts:
  {{- if .Values.natsFiles.secretName }}
  - { name: nats, mountPath: /etc/nats, readOnly: true }
  {{- end }}
  {{- if $authorities }}
  - { name: otlp, mountPath: /etc/otlp, readOnly: true }
  {{- end }}
{{- end }}
{{- end }}
