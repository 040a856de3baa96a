{{/*
Work before an install or upgrade: a verb of a service. (list $ "verb" "service" weight "argument"...) It needs no ConfigMap and no account of its own, which a hook would have to bring
along; its settings stand in the pod, and what it may do in the cluster is nothing.
*/}}
{{- define "cqrs-grpc.job" -}}
{{- $root := index . 0 -}}
{{- $service := index . 2 -}}
{{- $values := index $root.Values $service -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "cqrs-grpc.component" . }}
  labels:
    {{- include "cqrs-grpc.labels" . | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: {{ index . 3 | quote }}
    # One that failed stays, with its log, until the next.
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: {{ $root.Values.jobs.backoffLimit }}
  activeDeadlineSeconds: {{ $root.Values.jobs.deadlineSeconds }}
  ttlSecondsAfterFinished: 86400
  template:
    metadata:
      labels:
        {{- include "cqrs-grpc.labels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- with $root.Values.jobs.serviceAccountName }}
      serviceAccountName: {{ . }}
      {{- end }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- include "cqrs-grpc.placement" (list $root $service) | nindent 6 }}
      securityContext:
        {{- include "cqrs-grpc.podSecurityContext" $root | nindent 8 }}
      containers:
      - name: {{ index . 1 }}
        image: {{ include "cqrs-grpc.image" (list $root $values.image) }}
        imagePullPolicy: {{ $values.image.pullPolicy }}
        args: {{ slice . 4 | toJson }}
        securityContext:
          {{- include "cqrs-grpc.containerSecurityContext" $root | nindent 10 }}
        env:
          {{- include "cqrs-grpc.env" . | nindent 10 }}
        resources:
          {{- toYaml $root.Values.jobs.resources | nindent 10 }}
        volumeMounts:
          {{- include "cqrs-grpc.volumeMounts" . | nindent 10 }}
      volumes:
        {{- include "cqrs-grpc.volumes" . | nindent 8 }}
{{- end -}}
