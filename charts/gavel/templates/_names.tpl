{{- define "gavel.tag" -}}
{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* Of a service, the operator or the mailbox: its own where one is named, otherwise the common prefix and tag. */}}
{{- define "gavel.image" -}}
{{- $own := dict "operator" .root.Values.operator.image "mailbox" .root.Values.backends.dev.mailbox.image -}}
{{- $common := printf "%s%s:%s" .root.Values.image.prefix .name (include "gavel.tag" .root) -}}
{{- get $own .name | default (dig "services" .name "image" "" .root.Values.platform.spec) | default $common -}}
{{- end -}}

{{/* Labels of an object of the chart: root and name. */}}
{{- define "gavel.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: gavel
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ include "gavel.tag" .root | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end -}}

{{- define "gavel.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end -}}

{{/* Of a pod that another version of the chart must not start again: no version is in them. */}}
{{- define "gavel.podLabels" -}}
{{ include "gavel.selector" . }}
app.kubernetes.io/part-of: gavel
{{- end -}}

{{- define "gavel.dev" -}}
{{- if eq .Values.backends.mode "dev" }}true{{ end -}}
{{- end -}}

{{/* Whole, because a pod finds its own whole name in /etc/hosts, before the cluster's DNS has heard of it. */}}
{{- define "gavel.mongodbMember" -}}
dev-mongodb-0.dev-mongodb.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}:27017
{{- end -}}

{{- define "gavel.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The security context of every pod of the chart; the argument is its user. */}}
{{- define "gavel.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "gavel.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: { drop: [ALL] }
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "gavel.kafkaBrokers" -}}
{{- if .Values.operator.kafkaBrokers -}}
{{ .Values.operator.kafkaBrokers }}
{{- else if include "gavel.dev" . -}}
dev-kafka.{{ .Release.Namespace }}.svc:9092
{{- else -}}
{{ join "," (dig "kafka" "brokers" (list) .Values.backends.external) }}
{{- end -}}
{{- end -}}

{{/* A value of a Secret that was made before, or a new one: an upgrade keeps what it finds. */}}
{{- define "gavel.kept" -}}
{{- $found := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- $value := dig "data" .key "" ($found | default dict) -}}
{{- if $value -}}{{ $value }}{{- else -}}{{ .otherwise | b64enc }}{{- end -}}
{{- end -}}

{{/* Where a secret is, as the Platform has it: in Vault, in a Secret of one's own, or in one that the chart makes. */}}
{{- define "gavel.secretRef" -}}
{{- $own := get .root.Values .of -}}
{{- if $own.vaultPath -}}
{{- if not .root.Values.vault.address }}{{ fail (printf "vault.address must say where Vault is: %s.vaultPath is there" .of) }}{{ end -}}
vaultPath: {{ $own.vaultPath | quote }}
{{- else -}}
name: {{ $own.existingSecret | default .made | required (printf "%s.existingSecret or %s.vaultPath must say where %s is" .of .of .what) }}
{{- end -}}
{{- end -}}
{{- define "gavel.vault" -}}
{{- with .Values.vault -}}
address: {{ .address | quote }}
mount: {{ .mount | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
{{- if .tokenSecret }}
tokenSecretRef: { name: {{ .tokenSecret | quote }} }
{{- else }}
kubernetes: {{- toYaml .kubernetes | nindent 2 }}
{{- end }}
{{- with .caConfigMap }}
caConfigMapRef: { name: {{ . }} }
{{- end }}
refreshSeconds: {{ .refreshSeconds }}
{{- end -}}
{{- end -}}
{{- define "gavel.providerUrl" -}}
{{- if .Values.payment.providerUrl -}}{{ .Values.payment.providerUrl }}
{{- else if include "gavel.dev" . -}}http://dev-payment-provider:8090
{{- else -}}{{ fail "payment.providerUrl must say where the payment provider is" }}{{- end -}}
{{- end -}}
{{- define "gavel.sandbox" -}}
{{- if and (include "gavel.dev" .) (not .Values.payment.providerUrl) }}true{{ end -}}
{{- end -}}
{{- define "gavel.mailbox" -}}
{{- if and (include "gavel.dev" .) (not .Values.mail.existingSecret) (not .Values.mail.vaultPath) }}true{{ end -}}
{{- end -}}
