{{/* What every component has in the same way. (list $ "component") */}}

{{- define "cqrs-grpc.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
  {{- with (index (index . 0).Values (index . 1)).serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{/* (list $ "component" "name of the Service" "component whose pods it is" isHeadless isScraped) */}}
{{- define "cqrs-grpc.service" -}}
{{- $root := index . 0 -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "cqrs-grpc.component" (list $root (index . 2)) }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
    {{- if index . 5 }}
    app.kubernetes.io/metrics: "true"
    {{- end }}
spec:
  {{- if index . 4 }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "cqrs-grpc.selectorLabels" (list $root (index . 3)) | nindent 4 }}
  ports:
  - {name: grpc, port: 5080, targetPort: grpc, appProtocol: kubernetes.io/h2c}
  - {name: http, port: 5081, targetPort: http, appProtocol: http}
{{- end -}}

{{- define "cqrs-grpc.deployment" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
spec:
  {{- /* With an HPA the number is its own: an upgrade would reset it. */}}
  {{- if not $values.autoscaling.enabled }}
  replicas: {{ $values.replicas | default 2 }}
  {{- end }}
  strategy:
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  minReadySeconds: 3
  selector:
    matchLabels:
      {{- include "cqrs-grpc.selectorLabels" . | nindent 6 }}
  template:
    {{- include "cqrs-grpc.pod" . | nindent 4 }}
{{- end -}}

{{/* One pod and its volume. (list $ "component" "Service") */}}
{{- define "cqrs-grpc.statefulSet" -}}
{{- $root := index . 0 -}}
{{- $volume := (eq (index . 1) "standalone") | ternary $root.Values.standalone.volume $root.Values.commandDatabase.volume -}}
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
spec:
  replicas: 1
  serviceName: {{ include "cqrs-grpc.component" (list $root (index . 2)) }}
  # For one pod it changes only this: a rollback does not wait for a pod that never becomes ready.
  podManagementPolicy: Parallel
  selector:
    matchLabels:
      {{- include "cqrs-grpc.selectorLabels" . | nindent 6 }}
  template:
    {{- include "cqrs-grpc.pod" . | nindent 4 }}
  volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: data
      labels:
        {{- include "cqrs-grpc.selectorLabels" . | nindent 8 }}
    spec:
      # SQLite's files are one process's, whatever becomes of a node. The volume must be a disk, no NFS.
      accessModes: [ReadWriteOncePod]
      {{- with $volume.storageClassName }}
      storageClassName: {{ . | quote }}
      {{- end }}
      resources:
        requests: {storage: {{ $volume.size }}}
{{- end -}}

{{- define "cqrs-grpc.hpa" -}}
{{- $values := index (index . 0).Values (index . 1) -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "cqrs-grpc.component" . }}}
  minReplicas: {{ $values.autoscaling.minReplicas }}
  maxReplicas: {{ $values.autoscaling.maxReplicas }}
  metrics:
  - type: Resource
    resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ $values.autoscaling.targetCPUUtilizationPercentage }}}}
  behavior:
    scaleUp:
      stabilizationWindowSeconds: 15
    scaleDown:
      stabilizationWindowSeconds: {{ $values.autoscaling.scaleDownAfterSeconds }}
      policies: [{type: Pods, value: 1, periodSeconds: 30}]
{{- end -}}

{{- define "cqrs-grpc.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
spec:
  # Never minAvailable: with one pod left it would keep a node from being drained.
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "cqrs-grpc.selectorLabels" . | nindent 6 }}
{{- end -}}
