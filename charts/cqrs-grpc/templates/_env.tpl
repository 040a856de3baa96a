{{/*
The settings of a process, (list $ "component"). They stand in the pod itself, so that a changed value rolls the pods, and a Job that runs before anything is installed needs nothing
beside it. Credentials come from Secrets that are there already, and from nowhere else.
*/}}
{{- define "cqrs-grpc.env" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $stores := include "cqrs-grpc.stores" . | fromJsonArray -}}
{{- $values := index $root.Values (get (dict "migrate" "command" "rebuild" "command" "topics" "projector") $component | default $component) -}}
# In hexadecimal, as the runtime reads it.
- {name: DOTNET_GCHeapHardLimitPercent, value: {{ printf "%x" (int $values.heapPercent) | quote }}}
{{- with $root.Values.telemetry.otlpEndpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: OTEL_SERVICE_NAME, value: {{ $component | quote }}}
- {name: OTEL_RESOURCE_ATTRIBUTES, value: {{ printf "service.namespace=%s,k8s.namespace.name=%s" $root.Release.Name $root.Release.Namespace | quote }}}
{{- end }}
{{- if has "commandDatabase" $stores }}
{{ include "cqrs-grpc.env.commandDatabase" . }}
{{- end }}
{{- if has "kafka" $stores }}
{{ include "cqrs-grpc.env.kafka" $root }}
{{- end }}
{{- if has "elasticsearch" $stores }}
{{ include "cqrs-grpc.env.elasticsearch" $root }}
{{- end }}
{{- if eq $component "command" }}
- {name: Relay__FallbackAfter, value: {{ $root.Values.relay.fallbackAfter | quote }}}
{{- if include "cqrs-grpc.isSqlite" $root }}
# No Job can open the database beside this pod.
- {name: Commands__BuildFirstIndex, value: "true"}
{{- end }}
{{- end }}
{{- if and (has $component (list "command" "standalone")) $root.Values.gateway.enabled ($root.Values.gateway.jwt).enabled }}
# The gateway says by it who sends a command, and lets nobody else do so.
- {name: Commands__ActorHeader, value: x-catalog-actor}
{{- end }}
{{- if eq $component "standalone" }}
- {name: CommandDatabase__EventRetention, value: {{ $root.Values.commandDatabase.eventRetention | quote }}}
- {name: CommandDatabase__ReceiptRetention, value: {{ $root.Values.commandDatabase.receiptRetention | quote }}}
{{- end }}
{{- if has $component (list "query" "standalone") }}
- {name: Queries__MaxTokenWait, value: {{ $root.Values.queries.maxTokenWait | quote }}}
{{- end }}
{{- range $name, $value := $values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{- define "cqrs-grpc.env.commandDatabase" -}}
{{- $component := index . 1 -}}
{{- with (index . 0).Values.commandDatabase -}}
- {name: CommandDatabase__Provider, value: {{ .provider }}}
{{- if eq .provider "Sqlite" }}
- {name: CommandDatabase__Path, value: /var/lib/catalog/catalog.db}
{{- else }}
- {name: CommandDatabase__Schema, value: {{ .schema | quote }}}
{{- /* Only migrate changes the schema, so only it need have a login that may. */}}
{{- $own := eq $component "migrate" | ternary .migrate dict }}
- {name: CommandDatabase__ConnectionString, valueFrom: {secretKeyRef: {name: {{ $own.existingSecret | default .existingSecret }}, key: {{ $own.connectionStringKey | default .connectionStringKey }}}}}
{{- if .caSecret }}
# Its driver trusts whom the system trusts.
- {name: SSL_CERT_DIR, value: "/etc/ssl/certs:/etc/catalog/command-database-ca"}
{{- end }}
{{- end }}
- {name: CommandDatabase__EventRetention, value: {{ .eventRetention | quote }}}
- {name: CommandDatabase__ReceiptRetention, value: {{ .receiptRetention | quote }}}
{{- end -}}
{{- end -}}

{{- define "cqrs-grpc.env.kafka" -}}
{{- with .Values.kafka -}}
- {name: Kafka__BootstrapServers, value: {{ .bootstrapServers | quote }}}
- {name: Kafka__Topic, value: {{ .topic | quote }}}
- {name: Kafka__Group, value: {{ .group | quote }}}
- {name: Kafka__Partitions, value: {{ .partitions | quote }}}
- {name: Kafka__ReplicationFactor, value: {{ .replicationFactor | quote }}}
- {name: Kafka__MinInSyncReplicas, value: {{ .minInSyncReplicas | quote }}}
- {name: Kafka__Retention, value: {{ .retention | quote }}}
- {name: Kafka__Client__security_protocol, value: {{ .securityProtocol }}}
{{- if .sasl.existingSecret }}
- {name: Kafka__Client__sasl_mechanism, value: {{ .sasl.mechanism }}}
- {name: Kafka__Client__sasl_username, valueFrom: {secretKeyRef: {name: {{ .sasl.existingSecret }}, key: {{ .sasl.usernameKey }}}}}
- {name: Kafka__Client__sasl_password, valueFrom: {secretKeyRef: {name: {{ .sasl.existingSecret }}, key: {{ .sasl.passwordKey }}}}}
{{- end }}
{{- if .tls.caSecret }}
- {name: Kafka__Client__ssl_ca_location, value: /etc/catalog/kafka-ca/ca.crt}
{{- end }}
{{- if .tls.clientSecret }}
- {name: Kafka__Client__ssl_certificate_location, value: /etc/catalog/kafka-client/tls.crt}
- {name: Kafka__Client__ssl_key_location, value: /etc/catalog/kafka-client/tls.key}
{{- end }}
{{- range $name, $value := .client }}
- {name: {{ printf "Kafka__Client__%s" (replace "." "_" $name) }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "cqrs-grpc.env.elasticsearch" -}}
{{- with .Values.elasticsearch -}}
- {name: Elasticsearch__Url, value: {{ .url | quote }}}
- {name: Elasticsearch__Alias, value: {{ .alias | quote }}}
- {name: Elasticsearch__Shards, value: {{ .shards | quote }}}
- {name: Elasticsearch__Replicas, value: {{ .replicas | quote }}}
{{- if .auth.existingSecret }}
{{- if .auth.apiKeyKey }}
- {name: Elasticsearch__ApiKey, valueFrom: {secretKeyRef: {name: {{ .auth.existingSecret }}, key: {{ .auth.apiKeyKey }}}}}
{{- else }}
- {name: Elasticsearch__Username, valueFrom: {secretKeyRef: {name: {{ .auth.existingSecret }}, key: {{ .auth.usernameKey }}}}}
- {name: Elasticsearch__Password, valueFrom: {secretKeyRef: {name: {{ .auth.existingSecret }}, key: {{ .auth.passwordKey }}}}}
{{- end }}
{{- end }}
{{- if .caSecret }}
- {name: Elasticsearch__CaCertificate, value: /etc/catalog/elasticsearch-ca/ca.crt}
{{- end }}
{{- end -}}
{{- end -}}
