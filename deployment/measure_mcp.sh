#!/usr/bin/env bash
# What a call of an MCP server costs: CPU milliseconds of its process, and milliseconds until the answer. On Linux, with
# curl, the engines that the settings name (promptsales local up), and data in their marts:
#
#   deployment/measure_mcp.sh [CALLS]
#
# CALLS, 200 at most, are asked once, each a different question, then as often again as repetitions of one of them.
set -euo pipefail
calls=${1:-200}
port=28104
work=$(mktemp -d)
user=medicion_$$
secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

printf '%s\n' "$secret" | promptsales sso user add "$user" --name Medicion --role gerente --country '*' \
    --password-stdin > /dev/null
token=$(printf '%s\n' "$secret" | promptsales sso token "$user" --minutes 60 --password-stdin)
PROMPTSALES_MCP_CALLS_PER_MINUTE=1000000 promptsales mcp serve sales_dashboard --port "$port" 2> "$work/log" &
server=$!
trap 'kill "$server"; wait "$server" || true; promptsales sso user disable "$user" > /dev/null; rm -rf "$work"' EXIT
until curl --fail --silent --output /dev/null "http://127.0.0.1:$port/readyz"; do
    kill -0 "$server" || { cat "$work/log" >&2; exit 1; }
    sleep 1
done

# One curl for all: a process a call would cost more than the call. The token is in a file that only its owner reads.
umask 077
ask() {
    local by=$1 limit=$2
    printf 'url = "http://127.0.0.1:%s/mcp"\nheader = "Authorization: Bearer %s"\n' "$port" "$token"
    printf 'header = "Content-Type: application/json"\nheader = "Accept: application/json, text/event-stream"\n'
    printf 'data = "{\\"jsonrpc\\": \\"2.0\\", \\"id\\": 1, \\"method\\": \\"tools/call\\", \\"params\\": '
    printf '{\\"name\\": \\"querySales\\", \\"arguments\\": {\\"metric\\": \\"revenue_usd\\", '
    printf '\\"by\\": [\\"%s\\"], \\"limit\\": %d}}}"\n' "$by" "$limit"
    printf 'output = "/dev/null"\nwrite-out = "%%{http_code} %%{time_total}\\n"\n'
}

measure() {
    local title=$1 before after
    # Fields 14 and 15 are the process's CPU time in hundredths of a second.
    before=$(awk '{print $14 + $15}' "/proc/$server/stat")
    curl --silent --config "$work/questions" > "$work/answers"
    after=$(awk '{print $14 + $15}' "/proc/$server/stat")
    sort --numeric-sort --key 2 "$work/answers" | awk -v title="$title" -v ticks=$((after - before)) '
        $1 != 200 { failed++ }
        { seconds[NR] = $2 }
        END {
            printf "%s: %d calls, %d failed, CPU %.1f ms a call, p50 %.0f ms, p95 %.0f ms\n", title, NR, failed + 0,
                ticks * 10 / NR, seconds[int((NR + 1) / 2)] * 1000, seconds[int(NR * 0.95)] * 1000
        }'
}

for ((index = 0; index < calls; index++)); do
    dimensions=(country month campaign channel)
    ((index == 0)) || echo next
    ask "${dimensions[index % 4]}" $((index / 4 + 1))
done > "$work/questions"
measure uncached
for ((index = 0; index < calls; index++)); do
    ((index == 0)) || echo next
    ask country 1
done > "$work/questions"
measure cached
echo "memory: $(ps -o rss= -p "$server" | awk '{printf "%.0f MB", $1 * 1024 / 1000000}')"
