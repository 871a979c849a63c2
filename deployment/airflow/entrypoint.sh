#!/usr/bin/env bash
# The image's first process: Airflow's connections come from the platform's URLs, where the environment has these, and
# anything else is left to Airflow's own entrypoint. `promptsales ...` is run as it is.
set -euo pipefail

if [[ "${1:-}" == promptsales ]]; then
    exec "$@"
fi
if compgen -A export PROMPTSALES_POSTGRES_URL > /dev/null; then
    connections=$(promptsales airflow-env)
    eval "$connections"
fi
exec /entrypoint "$@"
