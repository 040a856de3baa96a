{{/* Everything here takes (list $ "component"); the component's values are .Values.<component>. */}}

{{/* Whether the command database is a file on a volume, which one pod has. */}}
{{- define "cqrs-grpc.isSqlite" -}}
{{- if eq .Values.commandDatabase.provider "Sqlite" }}true{{ end -}}
{{- end -}}

{{/* The pod of a service. */}}
{{- define "cqrs-grpc.pod" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index $root.Values $component -}}
{{- $isOnly := or (eq $component "standalone") (and (eq $component "command") (eq $root.Values.commandDatabase.provider "Sqlite")) -}}
metadata:
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ $component }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "cqrs-grpc.component" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- include "cqrs-grpc.placement" . | nindent 2 }}
  {{- /* The pause before SIGTERM, the 25 s in which calls in flight may end, and some. */}}
  terminationGracePeriodSeconds: {{ add ($isOnly | ternary 0 $root.Values.preStopSeconds) 35 }}
  securityContext:
    {{- include "cqrs-grpc.podSecurityContext" $root | nindent 4 }}
    fsGroupChangePolicy: OnRootMismatch
  containers:
  - name: {{ $component }}
    image: {{ include "cqrs-grpc.image" (list $root $values.image) }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    {{- if eq $component "standalone" }}
    args: [--data, /var/lib/catalog, --urls, "http://0.0.0.0:5080;http://0.0.0.0:5081"]
    {{- end }}
    securityContext:
      {{- include "cqrs-grpc.containerSecurityContext" $root | nindent 6 }}
    env:
      {{- include "cqrs-grpc.env" . | nindent 6 }}
    ports:
    - {name: grpc, containerPort: 5080}
    - {name: http, containerPort: 5081}
    startupProbe:
      httpGet: {path: /healthz/live, port: http}
      periodSeconds: 1
      timeoutSeconds: 3
      # A database on a volume is brought to its schema before anything listens.
      failureThreshold: {{ $isOnly | ternary 600 120 }}
    readinessProbe:
      httpGet: {path: /healthz/ready, port: http}
      periodSeconds: 2
      timeoutSeconds: 3
    livenessProbe:
      httpGet: {path: /healthz/live, port: http}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    {{- if and (not $isOnly) $root.Values.preStopSeconds }}
    lifecycle:
      preStop:
        # Calls still come until the gateway, and whoever caches DNS, has noticed that this pod leaves.
        sleep: {seconds: {{ $root.Values.preStopSeconds }}}
    {{- end }}
    resources:
      {{- toYaml $values.resources | nindent 6 }}
    volumeMounts:
      {{- include "cqrs-grpc.volumeMounts" . | nindent 6 }}
      {{- if $isOnly }}
      - {name: data, mountPath: /var/lib/catalog}
      {{- end }}
  volumes:
    {{- include "cqrs-grpc.volumes" . | nindent 4 }}
{{- end -}}

{{/* Where pods run. */}}
{{- define "cqrs-grpc.placement" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
{{- with $root.Values.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with $values.priorityClassName -}}
priorityClassName: {{ . }}
{{ end -}}
{{- with $values.nodeSelector -}}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with $values.tolerations -}}
tolerations:
  {{- toYaml . | nindent 2 }}
{{ end -}}
{{- with $values.affinity -}}
affinity:
  {{- toYaml . | nindent 2 }}
{{ end -}}
topologySpreadConstraints:
{{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "cqrs-grpc.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}

{{/* Which stores a component talks to: a list in JSON. */}}
{{- define "cqrs-grpc.stores" -}}
{{- get (dict "command" "[\"commandDatabase\",\"kafka\",\"elasticsearch\"]" "query" "[\"elasticsearch\",\"kafka\"]" "projector" "[\"kafka\",\"elasticsearch\"]" "standalone" "[]"
  "migrate" "[\"commandDatabase\"]" "topics" "[\"kafka\"]" "rebuild" "[\"commandDatabase\",\"elasticsearch\"]") (index . 1) -}}
{{- end -}}

{{/* Files that come out of Secrets, by the store that they are for. */}}
{{- define "cqrs-grpc.volumes" -}}
{{- $root := index . 0 -}}
{{- $stores := include "cqrs-grpc.stores" . | fromJsonArray -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- if and (has "commandDatabase" $stores) $root.Values.commandDatabase.caSecret }}
- name: command-database-ca
  secret: {secretName: {{ $root.Values.commandDatabase.caSecret }}, items: [{key: {{ $root.Values.commandDatabase.caKey }}, path: ca.crt}]}
{{- end }}
{{- if and (has "kafka" $stores) $root.Values.kafka.tls.caSecret }}
- name: kafka-ca
  secret: {secretName: {{ $root.Values.kafka.tls.caSecret }}, items: [{key: {{ $root.Values.kafka.tls.caKey }}, path: ca.crt}]}
{{- end }}
{{- if and (has "kafka" $stores) $root.Values.kafka.tls.clientSecret }}
- name: kafka-client
  secret: {secretName: {{ $root.Values.kafka.tls.clientSecret }}}
{{- end }}
{{- if and (has "elasticsearch" $stores) $root.Values.elasticsearch.caSecret }}
- name: elasticsearch-ca
  secret: {secretName: {{ $root.Values.elasticsearch.caSecret }}, items: [{key: {{ $root.Values.elasticsearch.caKey }}, path: ca.crt}]}
{{- end }}
{{- end -}}

{{- define "cqrs-grpc.volumeMounts" -}}
{{- $root := index . 0 -}}
{{- $stores := include "cqrs-grpc.stores" . | fromJsonArray -}}
- {name: tmp, mountPath: /tmp}
{{- if and (has "commandDatabase" $stores) $root.Values.commandDatabase.caSecret }}
- {name: command-database-ca, mountPath: /etc/catalog/command-database-ca, readOnly: true}
{{- end }}
{{- if and (has "kafka" $stores) $root.Values.kafka.tls.caSecret }}
- {name: kafka-ca, mountPath: /etc/catalog/kafka-ca, readOnly: true}
{{- end }}
{{- if and (has "kafka" $stores) $root.Values.kafka.tls.clientSecret }}
- {name: kafka-client, mountPath: /etc/catalog/kafka-client, readOnly: true}
{{- end }}
{{- if and (has "elasticsearch" $stores) $root.Values.elasticsearch.caSecret }}
- {name: elasticsearch-ca, mountPath: /etc/catalog/elasticsearch-ca, readOnly: true}
{{- end }}
{{- end -}}
