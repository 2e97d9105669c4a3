{{- define "worker.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* At most 45 characters, so that `-migrate-` and a revision fit into the 63 of a label. */ -}}
{{- define "worker.fullname" -}}
{{- $name := include "worker.name" . }}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- default $full .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- end }}

{{- /* Of one component: dict "root" $ "component" NAME. */ -}}
{{- define "worker.selector" -}}
app.kubernetes.io/name: {{ include "worker.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "worker.labels" -}}
{{ include "worker.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "worker.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* Seconds as the worker writes them in its contract: `1m30s`. */ -}}
{{- define "worker.duration" -}}
{{- $seconds := int . -}}
{{- with div $seconds 3600 }}{{ . }}h{{ end }}
{{- with div (mod $seconds 3600) 60 }}{{ . }}m{{ end }}
{{- with mod $seconds 60 }}{{ . }}s{{ end }}
{{- if not $seconds }}0s{{ end }}
{{- end }}
