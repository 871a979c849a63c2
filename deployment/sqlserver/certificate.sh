#!/bin/sh
# The X.509 certificate of PromptCRM's personal data, in the folder of its server's data, once: run by the server's own
# OS user before install.sh security. CRM_CERT_FILE and CRM_CERT_KEY_FILE say where, CRM_CERT_KEY_PASSWORD encrypts it.
set -eu
: "${SQL_FILES:=/opt/promptsales/database}"
if [ -e "$CRM_CERT_FILE" ]; then
    echo "$CRM_CERT_FILE is there"
    exit 0
fi
mkdir -p "$(dirname "$CRM_CERT_FILE")"
sh "$SQL_FILES/sqlserver_crm/security/crear_certificado.sh" "${CRM_CERT_FILE%.cer}"
[ -e "$CRM_CERT_KEY_FILE" ] || { echo "CRM_CERT_KEY_FILE must be ${CRM_CERT_FILE%.cer}.pvk" >&2; exit 1; }
