{{/* A policy of a component's pods: (list $ "component" ingress egress), the rules as lists. Answers to what is allowed are allowed with it. */}}
{{- define "cqrs-grpc.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "cqrs-grpc.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- toYaml (index . 2) | nindent 4 }}
  egress:
    {{- toYaml (index . 3) | nindent 4 }}
{{- end -}}

{{/* The pods of a component of this release, as a peer in JSON. (list $ "component") */}}
{{- define "cqrs-grpc.peer" -}}
{{- dict "podSelector" (dict "matchLabels" (include "cqrs-grpc.selectorLabels" . | fromYaml)) | toJson -}}
{{- end -}}

{{/* Who may call a service: the gateway, and whom the values name; and Prometheus. (list $ "component") → a list in JSON. */}}
{{- define "cqrs-grpc.callers" -}}
{{- $policy := (index . 0).Values.networkPolicy -}}
{{- $rules := list -}}
{{- if ne (index . 1) "projector" -}}
{{- $callers := $policy.clients -}}
{{- if (index . 0).Values.gateway.enabled -}}{{- $callers = append $callers (include "cqrs-grpc.peer" (list (index . 0) "gateway") | fromJson) -}}{{- end -}}
{{- if eq (index . 1) "standalone" -}}{{- $callers = append $callers (include "cqrs-grpc.peer" (list (index . 0) "test") | fromJson) -}}{{- end -}}
{{- $rules = append $rules (dict "from" $callers "ports" (list (dict "port" 5080 "protocol" "TCP") (dict "port" 5081 "protocol" "TCP"))) -}}
{{- end -}}
{{- with $policy.prometheus -}}{{- $rules = append $rules (dict "from" . "ports" (list (dict "port" 5081 "protocol" "TCP"))) -}}{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{/* Where a component may go: to DNS, its stores, and the collector of its traces. (list $ "component") → a list in JSON. */}}
{{- define "cqrs-grpc.destinations" -}}
{{- $policy := (index . 0).Values.networkPolicy -}}
{{- $rules := list (dict "to" $policy.dns "ports" (list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP"))) -}}
{{- range include "cqrs-grpc.stores" . | fromJsonArray -}}
{{- if not (and (eq . "commandDatabase") (include "cqrs-grpc.isSqlite" (index $ 0))) -}}
{{- $rules = append $rules (include "cqrs-grpc.destination" (index $policy .) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- if (index . 0).Values.telemetry.otlpEndpoint -}}{{- $rules = append $rules (include "cqrs-grpc.destination" $policy.telemetry | fromJson) -}}{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{- define "cqrs-grpc.destination" -}}
{{- $ports := list -}}
{{- range .ports -}}{{- $ports = append $ports (dict "port" (int .) "protocol" "TCP") -}}{{- end -}}
{{- dict "to" .to "ports" $ports | toJson -}}
{{- end -}}
