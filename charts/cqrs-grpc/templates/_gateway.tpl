{{/* What of the gateway lies in files: its configuration, rendered. A file beside it starts with the folder's name, as Envoy finds it. */}}
{{- define "cqrs-grpc.gateway.files" -}}
envoy.yaml: |
  {{- tpl (.Files.Get "files/envoy.yaml") . | trim | nindent 2 }}
drain.sh: |
  {{- .Files.Get "files/drain.sh" | trim | nindent 2 }}
{{- if .Values.gateway.tls.existingSecret }}
tls.yaml: |
  resources:
  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret
    name: edge
    tls_certificate:
      certificate_chain: {filename: /etc/envoy-tls/tls.crt}
      private_key: {filename: /etc/envoy-tls/tls.key}
      watched_directory: {path: /etc/envoy-tls}
{{- end }}
{{- end -}}
