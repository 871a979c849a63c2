#!/usr/bin/env bash
# What an administrator of SQL Server does, in the order of documentation/SQL_SERVER.md, with sqlcmd:
#
#   install.sh databases   PromptAds and PromptCRM, and the login that owns them; then run `promptsales db init`
#   install.sh security    the roles, logins and keys of both; needs what `db init` made
#
# Both can be run again. From the environment: ADS_SERVER and CRM_SERVER (host,port; one that is empty is left out),
# ADS_SA_PASSWORD and CRM_SA_PASSWORD of their administrators, and the variables that the files under database/ name.
# SQL_FILES is the folder of database/.
set -euo pipefail

: "${SQL_FILES:=/sql}"
: "${ADS_SERVER=}" "${CRM_SERVER=}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PATH=$PATH:/opt/mssql-tools18/bin

# -C: the server's certificate is its own; -b: an error ends it; -I: quoted identifiers on.
ads() {
    SQLCMDPASSWORD=$ADS_SA_PASSWORD sqlcmd -S "$ADS_SERVER" -U sa -C -b -I "$@"
}

crm() {
    SQLCMDPASSWORD=$CRM_SA_PASSWORD sqlcmd -S "$CRM_SERVER" -U sa -C -b -I "$@"
}

create_ads() {
    DATABASE=PromptAds OWNER_PASSWORD=$ADS_OWNER_PASSWORD ads -d master -i "$here/create_database.sql"
    echo "PromptAds is there"
}

create_crm() {
    DATABASE=PromptCRM OWNER_PASSWORD=$CRM_OWNER_PASSWORD crm -d master -i "$here/create_database.sql"
    echo "PromptCRM is there"
}

secure_ads() {
    local file
    for file in 010_roles 020_logins; do
        ads -d PromptAds -i "$SQL_FILES/sqlserver_ads/security/$file.sql"
    done
    echo "PromptAds has its roles and logins"
}

secure_crm() {
    local file security=$SQL_FILES/sqlserver_crm/security
    for file in 010_certificado_y_llave 020_apertura_de_llave 040_roles 050_vistas_enmascaradas \
        060_enmascaramiento_dinamico 070_logins; do
        crm -d PromptCRM -i "$security/$file.sql"
    done
    # The key of the look-ups is installed once; before that, the keys are copied to where CRM_BACKUP_FOLDER says.
    if [[ $(crm -d PromptCRM -h -1 -W \
        -Q "SET NOCOUNT ON; SELECT COUNT(*) FROM seguridad.bloques_hash;") == 0 ]]; then
        CRM_BACKUP_NAME=promptcrm_keys_$(date --utc +%Y%m%dT%H%M%SZ)
        export CRM_BACKUP_NAME
        crm -d PromptCRM -i "$security/respaldo_de_llaves.sql"
        crm -d PromptCRM -i "$security/030_llave_de_busqueda.sql"
    fi
    echo "PromptCRM has its keys, roles and logins"
}

case "${1:-}" in
    databases)
        [[ -z $ADS_SERVER ]] || create_ads
        [[ -z $CRM_SERVER ]] || create_crm
        ;;
    security)
        [[ -z $ADS_SERVER ]] || secure_ads
        [[ -z $CRM_SERVER ]] || secure_crm
        ;;
    *)
        echo "usage: install.sh databases|security" >&2
        exit 2
        ;;
esac
