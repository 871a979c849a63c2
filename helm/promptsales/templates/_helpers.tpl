{{/* 27 characters: "-backup-sqlserver-ads-log" is added to it, and the name of a CronJob has 52 at most. */}}
{{- define "promptsales.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 27 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 27 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 27 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{/* Arguments: root, component. */}}
{{- define "promptsales.selectorLabels" -}}
app.kubernetes.io/name: promptsales
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "promptsales.labels" -}}
{{ include "promptsales.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* The NetworkPolicies let a pod reach what its labels name. Arguments: a list of engines, and "mcp" or "internet". */}}
{{- define "promptsales.reaches" -}}
{{- range . }}
promptsales/reaches-{{ kebabcase . }}: "true"
{{- end }}
{{- end -}}

{{- define "promptsales.image" -}}
{{- $image := index .root.Values.images .name -}}
image: {{ printf "%s:%s" $image.repository $image.tag | quote }}
imagePullPolicy: {{ $image.pullPolicy }}
{{- end -}}

{{/* What every pod has. Arguments: root, user (its number), group (likewise; Airflow's image lets group 0 at its files). */}}
{{- define "promptsales.pod" -}}
serviceAccountName: {{ include "promptsales.fullname" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .group }}
  fsGroup: {{ .group }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "promptsales.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "promptsales.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* SQL Server writes beside its program (/.system) and to /tmp, and starts from no read-only root filesystem. Its file
carries NET_BIND_SERVICE: the kernel runs it in no container that cannot have this one. Its own user is of group 0. */}}
{{- define "promptsales.sqlserverSecurity" -}}
securityContext:
  runAsGroup: 0
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: false
  capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}
{{- end -}}

{{/* Arguments: root, size, storageClass. */}}
{{- define "promptsales.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end -}}

{{/* Passwords as environment variables of the same names. Arguments: root, names. */}}
{{- define "promptsales.passwords" -}}
{{- $root := .root -}}
{{- range (uniq .names) }}
- name: {{ . }}
  valueFrom:
    secretKeyRef: {name: {{ $root.Values.secrets.name }}, key: {{ . }}}
{{- end }}
{{- end -}}

{{/* Where an engine is. Arguments: root, engine (as in the values). */}}
{{- define "promptsales.host" -}}
{{- $values := index .root.Values .engine -}}
{{- if $values.enabled -}}
{{ include "promptsales.fullname" .root }}-{{ kebabcase .engine }}
{{- else -}}
{{ required (printf "%s.external.host is needed where %s.enabled is false" .engine .engine) $values.external.host }}
{{- end -}}
{{- end -}}

{{- define "promptsales.port" -}}
{{- $values := index .root.Values .engine -}}
{{- $ports := dict "postgresql" 5432 "sqlserverAds" 1433 "sqlserverCrm" 1433 "mongodb" 27017 "redis" 6379 -}}
{{- ternary (index $ports .engine) $values.external.port $values.enabled | int -}}
{{- end -}}

{{/* Every URL of the settings: engine, login, the password's variable, database. */}}
{{- define "promptsales.urls" -}}
PROMPTSALES_POSTGRES_URL: [postgresql, promptsales_etl, WAREHOUSE_ETL_PASSWORD, promptsales]
PROMPTSALES_POSTGRES_ADMIN_URL: [postgresql, promptsales_admin, WAREHOUSE_ADMIN_PASSWORD, promptsales]
PROMPTSALES_POSTGRES_MCP_URL: [postgresql, promptsales_mcp, WAREHOUSE_MCP_PASSWORD, promptsales]
PROMPTSALES_SSO_URL: [postgresql, promptsales_sso, WAREHOUSE_SSO_PASSWORD, promptsales]
PROMPTSALES_SSO_VERIFIER_URL: [postgresql, promptsales_verificador, WAREHOUSE_VERIFIER_PASSWORD, promptsales]
PROMPTSALES_REDIS_URL: [redis, "", REDIS_PASSWORD, "0"]
PROMPTSALES_MONGO_URL: [mongodb, promptsales_etl, MONGO_ETL_PASSWORD, promptcontent]
PROMPTSALES_MONGO_ADMIN_URL: [mongodb, promptsales_admin, MONGO_ADMIN_PASSWORD, promptcontent]
PROMPTSALES_MONGO_CONTENT_URL: [mongodb, promptsales_content, MONGO_CONTENT_PASSWORD, promptcontent]
PROMPTSALES_MONGO_MCP_URL: [mongodb, promptsales_mcp, MONGO_MCP_PASSWORD, promptcontent]
PROMPTSALES_ADS_URL: [sqlserverAds, promptads_etl, ADS_ETL_PASSWORD, PromptAds]
PROMPTSALES_ADS_ADMIN_URL: [sqlserverAds, promptsales_admin, ADS_OWNER_PASSWORD, PromptAds]
PROMPTSALES_ADS_MCP_URL: [sqlserverAds, promptads_mcp, ADS_MCP_PASSWORD, PromptAds]
PROMPTSALES_CRM_URL: [sqlserverCrm, promptsales_etl, CRM_ETL_PASSWORD, PromptCRM]
PROMPTSALES_CRM_ADMIN_URL: [sqlserverCrm, promptsales_admin, CRM_OWNER_PASSWORD, PromptCRM]
PROMPTSALES_CRM_MCP_URL: [sqlserverCrm, promptsales_mcp, CRM_MCP_PASSWORD, PromptCRM]
PROMPTSALES_CRM_APP_URL: [sqlserverCrm, promptsales_app, CRM_APP_PASSWORD, PromptCRM]
PROMPTSALES_CRM_PERSONAL_URL: [sqlserverCrm, promptsales_soporte, CRM_SUPPORT_PASSWORD, PromptCRM]
{{- end -}}

{{/* URLs whose password Kubernetes puts in ($(NAME)), so that none is in an object of this chart. Arguments: root, names. */}}
{{- define "promptsales.settings" -}}
{{- $root := .root -}}
{{- $urls := include "promptsales.urls" . | fromYaml -}}
{{- $schemes := dict "postgresql" "postgresql" "sqlserverAds" "mssql" "sqlserverCrm" "mssql" "mongodb" "mongodb" "redis" "redis" -}}
{{- $passwords := list -}}
{{- range .names }}{{ $passwords = append $passwords (index (index $urls .) 2) }}{{ end -}}
{{- include "promptsales.passwords" (dict "root" $root "names" $passwords) }}
{{- range .names }}
{{- $url := index $urls . }}
{{- $engine := index $url 0 }}
{{- $values := index $root.Values $engine }}
{{- $scheme := index $schemes $engine }}
{{- $parameters := "" }}
{{- if and $values.enabled (eq $engine "mongodb") }}{{ $parameters = "directConnection=true" }}{{ end }}
{{- if not $values.enabled }}
{{- if eq $engine "redis" }}{{ if $values.external.tls }}{{ $scheme = "rediss" }}{{ end }}{{ else }}{{ $parameters = $values.external.parameters }}{{ end }}
{{- end }}
{{- $where := dict "root" $root "engine" $engine }}
- name: {{ . }}
  value: {{ printf "%s://%s:$(%s)@%s:%s/%s%s" $scheme (index $url 1) (index $url 2) (include "promptsales.host" $where) (include "promptsales.port" $where) (index $url 3) ($parameters | empty | ternary "" (printf "?%s" $parameters)) | quote }}
{{- end }}
{{- end -}}

{{- define "promptsales.contentSettings" -}}
- name: PINECONE_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.secrets.name }}, key: PINECONE_API_KEY, optional: true}
- name: PINECONE_HOST
  value: {{ .Values.pinecone.host | quote }}
- name: PROMPTSALES_PINECONE_INDEX
  value: {{ .Values.pinecone.index | quote }}
- name: PROMPTSALES_PINECONE_CLOUD
  value: {{ .Values.pinecone.cloud | quote }}
- name: PROMPTSALES_PINECONE_REGION
  value: {{ .Values.pinecone.region | quote }}
{{- if .Values.openai.enabled }}
- name: OPENAI_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.secrets.name }}, key: OPENAI_API_KEY}
- name: OPENAI_BASE_URL
  value: {{ .Values.openai.baseUrl | quote }}
{{- end }}
- name: PROMPTSALES_COPY_MODEL
  value: {{ .Values.openai.copyModel | quote }}
- name: PROMPTSALES_TOKEN_BUDGET
  value: {{ .Values.openai.tokenBudget | int64 | quote }}
{{- end -}}

{{/* The name of a server's objects, and its host. Arguments: root, server. */}}
{{- define "promptsales.mcpName" -}}
{{ include "promptsales.fullname" .root }}-mcp-{{ .server | replace "_" "-" }}
{{- end -}}

{{/* Which URLs each server has, besides those of all four. */}}
{{- define "promptsales.mcpUrls" -}}
content_generator: [PROMPTSALES_MONGO_MCP_URL]
ads_optimizer: [PROMPTSALES_ADS_MCP_URL]
crm_analyzer: [PROMPTSALES_CRM_MCP_URL, PROMPTSALES_CRM_APP_URL, PROMPTSALES_CRM_PERSONAL_URL]
sales_dashboard: [PROMPTSALES_POSTGRES_MCP_URL]
{{- end -}}

{{/* What each server reaches: its own database, besides Redis, and PostgreSQL, which knows the sessions. */}}
{{- define "promptsales.mcpReaches" -}}
content_generator: [mongodb, internet]
ads_optimizer: [sqlserverAds]
crm_analyzer: [sqlserverCrm]
sales_dashboard: []
{{- end -}}

{{- define "promptsales.mcpUrlsJson" -}}
{{- $urls := dict -}}
{{- range $server, $values := .Values.mcp.servers -}}
{{- $_ := set $urls $server (printf "http://%s:%d/mcp" (include "promptsales.mcpName" (dict "root" $ "server" $server)) (int $values.port)) -}}
{{- end -}}
{{ mustMergeOverwrite $urls .Values.mcp.publicUrls | toJson }}
{{- end -}}

{{- define "promptsales.mcpHostsJson" -}}
{{- $hosts := .Values.mcp.allowedHosts -}}
{{- range $server, $values := .Values.mcp.servers -}}
{{- $hosts = append $hosts (printf "%s:*" (include "promptsales.mcpName" (dict "root" $ "server" $server))) -}}
{{- if $.Values.mcp.ingress.enabled -}}
{{- $public := printf "%s.%s" ($server | replace "_" "-") $.Values.mcp.ingress.domain -}}
{{- $hosts = append (append $hosts $public) (printf "%s:*" $public) -}}
{{- end -}}
{{- end -}}
{{ uniq $hosts | toJson }}
{{- end -}}

{{/* The engines that run here and have backups. */}}
{{- define "promptsales.anySqlserver" -}}
{{- if or .Values.sqlserverAds.enabled .Values.sqlserverCrm.enabled }}true{{ end -}}
{{- end -}}

{{/* Where the certificate of the personal data is on PromptCRM's server. */}}
{{- define "promptsales.certificate" -}}
- {name: CRM_CERT_FILE, value: /var/opt/mssql/promptsales/promptcrm_1.cer}
- {name: CRM_CERT_KEY_FILE, value: /var/opt/mssql/promptsales/promptcrm_1.pvk}
{{- end -}}

{{/* The servers that install.sh administers; a managed one is left out. */}}
{{- define "promptsales.sqlserverServers" -}}
- name: ADS_SERVER
  value: {{ .Values.sqlserverAds.enabled | ternary (include "promptsales.host" (dict "root" . "engine" "sqlserverAds")) "" | quote }}
- name: CRM_SERVER
  value: {{ .Values.sqlserverCrm.enabled | ternary (include "promptsales.host" (dict "root" . "engine" "sqlserverCrm")) "" | quote }}
{{- end -}}
