#!/usr/bin/env bash
# The distributed shape from one terminal: command service, projector, query service, and Envoy in front of them, on real servers. Ctrl-C stops all of it.
#
# Servers: Kafka__BootstrapServers and Elasticsearch__Url name them. Where they do not and CATALOG_TOOLS (by default ../shared/tools) has a program `up`, that starts them.
# The command database is a SQLite file in $DATA (by default ./data-cluster; beside servers of its own in a folder that goes with them), unless CommandDatabase__ConnectionString names a SQL Server.
# The gateway needs Envoy and helm (TEST_ENVOY, TEST_HELM, or on the PATH); without them the services are reached by ports of their own. All are the ten from $PORT (by default 5080) on.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${DATA:-data-cluster} port=${PORT:-5080} tools=${CATALOG_TOOLS:-../shared/tools} servers= own= pids=()
mkdir -p "$data"

stop() {
  trap - EXIT INT TERM
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  if [ -n "$servers" ]; then "$tools/down" "$servers"; fi
  rm -rf "$data/envoy.yaml" ${own:+"$own"}
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${Kafka__BootstrapServers:-}" ] || [ -z "${Elasticsearch__Url:-}" ]; then
  if [ ! -x "$tools/up" ]; then
    echo "Where are Kafka and Elasticsearch? Kafka__BootstrapServers=host:9092 Elasticsearch__Url=http://host:9200 make cluster" >&2
    exit 2
  fi
  echo "Starting Kafka and Elasticsearch ..."
  exports=$("$tools/up" kafka elasticsearch)
  eval "$exports"
  servers=$TOOLS_RUN
  exports=$("$tools/env")
  eval "$exports"
  # They begin empty and are gone afterwards, and so is what depends on them.
  own=$(mktemp -d)
  export Kafka__BootstrapServers=$TEST_KAFKA Elasticsearch__Url=$TEST_ELASTICSEARCH Kafka__ReplicationFactor=1 Kafka__MinInSyncReplicas=1 Elasticsearch__Replicas=0
fi
if [ -z "${CommandDatabase__ConnectionString:-}" ]; then export CommandDatabase__Provider=Sqlite CommandDatabase__Path=${own:-$data}/catalog.db; fi

for host in CommandService Projector QueryService; do dotnet build "services/$host" -c Release -v quiet -nologo -clp:NoSummary; done
command=services/CommandService/bin/Release/net10.0/command-service
projector=services/Projector/bin/Release/net10.0/projector
query=services/QueryService/bin/Release/net10.0/query-service

"$projector" topics 2> "$data/install.log" || { cat "$data/install.log" >&2; exit 1; }
{ "$command" migrate && "$command" rebuild --if-missing; } 2> "$data/install.log" || { cat "$data/install.log" >&2; exit 1; }

start() { # NAME COMMAND...: in the background, with a log of its own
  "${@:2}" > "$data/$1.log" 2>&1 &
  pids+=($!)
}
start command-service "$command" --urls "http://127.0.0.1:$((port + 2));http://127.0.0.1:$((port + 3))"
start projector "$projector" --urls "http://127.0.0.1:$((port + 4));http://127.0.0.1:$((port + 5))"
start query-service "$query" --urls "http://127.0.0.1:$((port + 6));http://127.0.0.1:$((port + 7))"
for http in $((port + 3)) $((port + 5)) $((port + 7)); do
  for i in $(seq 300); do
    curl -sf "http://127.0.0.1:$http/healthz/ready" > /dev/null && continue 2
    for pid in "${pids[@]}"; do kill -0 "$pid" 2> /dev/null || { tail -n 3 "$data"/*.log >&2; exit 1; }; done
    sleep 0.2
  done
  tail -n 3 "$data"/*.log >&2; exit 1
done

envoy=${TEST_ENVOY:-$(command -v envoy || true)} helm=${TEST_HELM:-$(command -v helm || true)}
commands=127.0.0.1:$((port + 2)) queries=127.0.0.1:$((port + 6)) rest=''
if [ -n "$envoy" ] && [ -n "$helm" ]; then
  "$helm" template catalog charts/cqrs-grpc --show-only templates/gateway-configmap.yaml \
    --set "gateway.listener.address=127.0.0.1,gateway.listener.port=$port,gateway.probes.address=127.0.0.1,gateway.probes.port=$((port + 1)),gateway.admin.port=$((port + 9))" \
    --set "gateway.backends.commands[0].host=127.0.0.1,gateway.backends.commands[0].port=$((port + 2))" \
    --set "gateway.backends.queries[0].host=127.0.0.1,gateway.backends.queries[0].port=$((port + 6))" \
    | awk '/^  envoy.yaml: \|/ { on = 1; next } /^  [^ ]/ { on = 0 } on { print substr($0, 5) }' > "$data/envoy.yaml"
  start gateway "$envoy" --config-path "$data/envoy.yaml" --concurrency 2 --log-level warning --disable-hot-restart
  for i in $(seq 100); do curl -sf "http://127.0.0.1:$((port + 1))/healthz/ready" > /dev/null && break; sleep 0.2; done
  commands=127.0.0.1:$port queries=127.0.0.1:$port rest=' (gRPC, gRPC-Web and REST)'
fi

cat << END

The catalog runs as three services.
  commands   $commands$rest
  queries    $queries$rest
  logs       $data/*.log

Try it:
  grpcurl -plaintext -d '{"product_id":"blue-vase","product":{"sku":"VASE-1","title":"Blue vase"}}' $commands catalog.v1.ProductCommandService/CreateProduct
  grpcurl -plaintext -d '{"query":"vase"}' $queries catalog.v1.ProductQueryService/SearchProducts

Ctrl-C stops it.

END
wait -n "${pids[@]}" || true
echo "One of the processes has ended; see $data/*.log." >&2
exit 1
