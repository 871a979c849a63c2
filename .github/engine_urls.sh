#!/usr/bin/env bash
# The settings that point at the engines of docker-compose.yml with .github/compose.ports.yml, as NAME=value lines; the
# passwords are .env's. SQL Server's administrator is both owners: the tests of its suite make logins.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. "${1:-.env}"
set +a
sa="mssql://sa:$SQLSERVER_SA_PASSWORD@127.0.0.1:1433"
warehouse=127.0.0.1:5432/promptsales
content="127.0.0.1:27017/promptcontent?directConnection=true"
cat << LINES
PROMPTSALES_POSTGRES_URL=postgresql://promptsales_etl:$WAREHOUSE_ETL_PASSWORD@$warehouse
PROMPTSALES_POSTGRES_ADMIN_URL=postgresql://promptsales_admin:$WAREHOUSE_ADMIN_PASSWORD@$warehouse
PROMPTSALES_REDIS_URL=redis://:$REDIS_PASSWORD@127.0.0.1:6379/0
PROMPTSALES_MONGO_URL=mongodb://promptsales_etl:$MONGO_ETL_PASSWORD@$content
PROMPTSALES_MONGO_ADMIN_URL=mongodb://promptsales_admin:$MONGO_ADMIN_PASSWORD@$content
PROMPTSALES_MONGO_CONTENT_URL=mongodb://promptsales_content:$MONGO_CONTENT_PASSWORD@$content
PROMPTSALES_ADS_URL=mssql://promptads_etl:$ADS_ETL_PASSWORD@127.0.0.1:1433/PromptAds
PROMPTSALES_ADS_ADMIN_URL=$sa/PromptAds
PROMPTSALES_CRM_URL=mssql://promptsales_etl:$CRM_ETL_PASSWORD@127.0.0.1:1433/PromptCRM
PROMPTSALES_CRM_ADMIN_URL=$sa/PromptCRM
TEST_MONGODB_URL=mongodb://root:$MONGO_ROOT_PASSWORD@127.0.0.1:27017/?directConnection=true
LINES
