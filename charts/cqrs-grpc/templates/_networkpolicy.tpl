{{/* A policy of a component's pods: (list $ "component" ingress egress), the rules as lists. Answers to what is allowed are allowed with it. */}}
{{- define "cqrs-grpc.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
  {{- if has (index . 1) (list "migrate" "topics" "rebuild") }}
  annotations:
    # There before the Jobs: what the last upgrade left would keep them from an address that is new.
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "-1"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
  {{- end }}
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
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $gateway := $root.Values.gateway -}}
{{- $test := include "cqrs-grpc.peer" (list $root "test") | fromJson -}}
{{- $rules := list -}}
{{- if eq $component "gateway" -}}
{{- $from := $gateway.networkPolicy.from -}}
{{- if $from -}}{{- $from = append $from $test -}}{{- end -}}
{{- $rules = append $rules (dict "from" $from "ports" (include "cqrs-grpc.tcp" (list $gateway.listener.port) | fromJsonArray)) -}}
{{- else if ne $component "projector" -}}
{{- $callers := $root.Values.networkPolicy.clients -}}
{{- if $gateway.enabled -}}{{- $callers = append $callers (include "cqrs-grpc.peer" (list $root "gateway") | fromJson) -}}{{- end -}}
{{- if eq $component "standalone" -}}{{- $callers = append $callers $test -}}{{- end -}}
{{- $rules = append $rules (dict "from" $callers "ports" (include "cqrs-grpc.tcp" (list 5080 5081) | fromJsonArray)) -}}
{{- end -}}
{{- with $root.Values.networkPolicy.prometheus -}}
{{- $rules = append $rules (dict "from" . "ports" (include "cqrs-grpc.tcp" (list (eq $component "gateway" | ternary $gateway.probes.port 5081)) | fromJsonArray)) -}}
{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{/* Where a component may go: to DNS, its stores or services, and the collector of its traces. (list $ "component") → a list in JSON. */}}
{{- define "cqrs-grpc.destinations" -}}
{{- $root := index . 0 -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- $rules := list (include "cqrs-grpc.dns" $root | fromJson) -}}
{{- if eq (index . 1) "gateway" -}}
{{- $gateway := $root.Values.gateway -}}
{{- range list (list "command" $gateway.backends.commands) (list "query" $gateway.backends.queries) -}}
{{- if index . 1 -}}
{{- $ports := list -}}
{{- range index . 1 -}}{{- $ports = append $ports .port -}}{{- end -}}
{{- $rules = append $rules (dict "ports" (include "cqrs-grpc.tcp" $ports | fromJsonArray)) -}}
{{- else -}}
{{- $service := include "cqrs-grpc.peer" (list $root ($root.Values.standalone.enabled | ternary "standalone" (index . 0))) | fromJson -}}
{{- $rules = append $rules (dict "to" (list $service) "ports" (include "cqrs-grpc.tcp" (list 5080) | fromJsonArray)) -}}
{{- end -}}
{{- end -}}
{{- if and $gateway.jwt.enabled (not $gateway.jwt.jwks) -}}{{- $rules = append $rules (dict "ports" (include "cqrs-grpc.tcp" (list (include "cqrs-grpc.portOf" $gateway.jwt.jwksUri)) | fromJsonArray)) -}}{{- end -}}
{{- with $gateway.tracing.collector -}}{{- $rules = append $rules (include "cqrs-grpc.destination" (list $policy.telemetry (printf "http://%s" .)) | fromJson) -}}{{- end -}}
{{- else -}}
{{- $addresses := dict "commandDatabase" "" "kafka" (printf "kafka://%s" (replace "," ",kafka://" $root.Values.kafka.bootstrapServers)) "elasticsearch" $root.Values.elasticsearch.url -}}
{{- range include "cqrs-grpc.stores" . | fromJsonArray -}}
{{- if not (and (eq . "commandDatabase") (include "cqrs-grpc.isSqlite" $root)) -}}
{{- $rules = append $rules (include "cqrs-grpc.destination" (list (index $policy .) (get $addresses .)) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- with $root.Values.telemetry.otlpEndpoint -}}{{- $rules = append $rules (include "cqrs-grpc.destination" (list $policy.telemetry .) | fromJson) -}}{{- end -}}
{{- end -}}
{{- toJson $rules -}}
{{- end -}}

{{- define "cqrs-grpc.dns" -}}
{{- dict "to" .Values.networkPolicy.dns "ports" (list (dict "port" 53 "protocol" "UDP") (dict "port" 53 "protocol" "TCP")) | toJson -}}
{{- end -}}

{{/* To servers, on the ports that the values name for them, else on those of their addresses: URLs with commas between them. (list peersAndPorts "addresses") */}}
{{- define "cqrs-grpc.destination" -}}
{{- $ports := (index . 0).ports -}}
{{- if not $ports -}}{{- range splitList "," (index . 1) -}}{{- $ports = append $ports (include "cqrs-grpc.portOf" (trim .)) -}}{{- end -}}{{- end -}}
{{- dict "to" (index . 0).to "ports" (include "cqrs-grpc.tcp" $ports | fromJsonArray) | toJson -}}
{{- end -}}

{{/* The port that a URL leads to. */}}
{{- define "cqrs-grpc.portOf" -}}
{{- $url := urlParse . -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "https" | ternary "443" "80") -}}
{{- end -}}

{{/* Ports, each once, as a policy names them: a list in JSON. */}}
{{- define "cqrs-grpc.tcp" -}}
{{- $ports := list -}}
{{- range . -}}{{- $ports = append $ports (int .) -}}{{- end -}}
{{- $rule := list -}}
{{- range uniq $ports -}}{{- $rule = append $rule (dict "port" . "protocol" "TCP") -}}{{- end -}}
{{- toJson $rule -}}
{{- end -}}
