{{/* The chart's name, or what stands in its place. */}}
{{- define "cqrs-grpc.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The name that all resources of a release begin with; short enough for the longest suffix. */}}
{{- define "cqrs-grpc.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "cqrs-grpc.name" . -}}
{{- (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of a component's resources: include "cqrs-grpc.component" (list . "gateway"). */}}
{{- define "cqrs-grpc.component" -}}
{{- printf "%s-%s" (include "cqrs-grpc.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* What a selector may use: never a version, or an upgrade is refused. (list . "gateway") */}}
{{- define "cqrs-grpc.selectorLabels" -}}
app.kubernetes.io/name: {{ include "cqrs-grpc.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of a component's resources. (list . "gateway") */}}
{{- define "cqrs-grpc.labels" -}}
{{ include "cqrs-grpc.selectorLabels" . }}
app.kubernetes.io/part-of: {{ include "cqrs-grpc.name" (index . 0) }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The image of a component: include "cqrs-grpc.image" (list . .Values.gateway.image). */}}
{{- define "cqrs-grpc.image" -}}
{{- $image := index . 1 -}}
{{- with (index . 0).Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ $image.repository }}{{ if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default (index . 0).Chart.AppVersion }}{{ end }}
{{- end -}}

{{/* What every pod may do: nothing. Restricted Pod Security. */}}
{{- define "cqrs-grpc.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 1654
runAsGroup: 1654
fsGroup: 1654
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "cqrs-grpc.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The whole seconds of d.hh:mm:ss. */}}
{{- define "cqrs-grpc.seconds" -}}
{{- $parts := regexReplaceAll "^(?:(\\d+)\\.)?(\\d+):(\\d+):(\\d+).*$" . "0${1} ${2} ${3} ${4}" | splitList " " -}}
{{- add (mul (index $parts 0 | atoi) 86400) (mul (index $parts 1 | atoi) 3600) (mul (index $parts 2 | atoi) 60) (index $parts 3 | atoi) -}}
{{- end -}}

{{/* The number that a quantity of Kubernetes stands for: 250m, 768Mi, 2. */}}
{{- define "cqrs-grpc.quantity" -}}
{{- $suffix := toString . | regexFind "[A-Za-z]+$" -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 -}}
{{- mulf (toString . | trimSuffix $suffix | float64) (get $units $suffix) -}}
{{- end -}}
