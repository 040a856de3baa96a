#!/usr/bin/env bash
# Installs the chart on a real cluster, and upgrades, scales, drains, kills and stops what it installed while clients write and read; then holds what they were told to what happened.
#
# Where: the cluster that KUBECONFIG names; else a node of its own out of TEST_KUBERNETES (a folder with `up`, `down`, `in`, `load`); else a cluster by k3d, gone afterwards.
#   helm (or TEST_HELM), kubectl, the .NET SDK. With k3d or KUBECONFIG: docker, and E2E_REGISTRY, where images are pushed (k3d brings its own).
#   With TEST_KUBERNETES: TEST_KAFKA_RUN and TEST_ELASTICSEARCH_RUN start the servers, TEST_ENVOY is the gateway's program, and TEST_IMAGE makes images without a
#   registry: TEST_IMAGE NAME:TAG OUT.tar FOLDER ENTRYPOINT [ARG...].
#   E2E_IMAGES names a folder in which images that were made this way are kept for the next run. E2E_GATEWAY is the gateway's URL, where it cannot be found.
set -euo pipefail
cd "$(dirname "$0")/../.."
helm=${TEST_HELM:-helm} work=$(mktemp -d) tag=e2e ns=catalog-e2e release=catalog name=catalog-cqrs-grpc
source tests/e2e/cluster.sh
trap 'status=$?; trap - EXIT; finish || true; exit $status' EXIT

say() { printf '\n%(%H:%M:%S)T == %s\n' -1 "$*"; }
pods() { kubectl -n "$ns" get pods -l "app.kubernetes.io/component=$1" --field-selector=status.phase=Running -o name; }
load=''
phase() {
  say "$1"
  # At once: who reads it never finds half of it.
  echo "$1" > "$work/phase.new"
  mv "$work/phase.new" "$work/phase"
  if [ -n "$load" ] && ! kill -0 "$load" 2> /dev/null; then fail "$work/load.log"; fi
}
calm() { phase 'nothing happens, reads are fresh'; sleep 5; }
ready() { # after something was killed
  local kind
  for kind in $(kubectl -n "$ns" get deployments,statefulsets -l "app.kubernetes.io/instance=$release" -o name); do
    kubectl -n "$ns" rollout status "$kind" --timeout=3m > /dev/null
  done
}
tests() { # FILTER...: tests against the gateway, from where it can be reached
  # Of the tests' own servers none is needed.
  reach env -u TEST_KAFKA -u TEST_ELASTICSEARCH TEST_GATEWAY="$gateway" TEST_GATEWAY_PHASE="$work/phase" "$PWD/tests/Catalog.SystemTests/bin/Release/net10.0/Catalog.SystemTests" "$@"
}
# helm itself waits until everything is Ready.
deploy() {
  local addressing status=0
  address & addressing=$!
  "$helm" "$1" "$release" charts/cqrs-grpc -n "$ns" -f tests/e2e/values.yaml "${settings[@]}" --wait --timeout 5m "${@:2}" > "$work/helm.log" || status=$?
  kill "$addressing" 2> /dev/null || true
  [ "$status" = 0 ] || fail "$work/helm.log"
}
explain() { kubectl -n "$ns" get pods,jobs; kubectl -n "$ns" get events --sort-by=.metadata.creationTimestamp | tail -30; }
fail() { explain || true; cat "$1"; exit 1; } # the log of what failed is the last to be read
smoke() { "$helm" test "$release" -n "$ns" --logs | grep -A3 '^POD LOGS' || { explain; exit 1; }; }
backup_and_restore() { # WORKLOAD PROGRAM [OPTION...]
  local lost=lost-$RANDOM
  kubectl -n "$ns" exec "$1" -- "$2" backup - "${@:3}" > "$work/backup.db"
  reach curl -sf "$gateway/v1/products?productId=$lost" -H 'content-type: application/json' -d "{\"sku\": \"$lost\", \"title\": \"Lost\"}" > /dev/null
  for _ in $(seq 50); do if reach curl -sf "$gateway/v1/products/$lost" > /dev/null; then break; fi; sleep 0.2; done
  kubectl -n "$ns" exec -i "$1" -- "$2" restore - "${@:3}" < "$work/backup.db" | grep 'The index follows the restored database'
  [ "$(reach curl -s -o /dev/null -w '%{http_code}' "$gateway/v1/products/$lost")" = 404 ] || { echo "what came after the backup is there after the restore" >&2; exit 1; }
  smoke
}
gone() { # what a release left behind in its namespace, beside the volume, which is the data, and the pod of `helm test`, whose log one may want
  local left
  kubectl -n "$ns" delete pod "$name-test" --ignore-not-found > /dev/null
  kubectl -n "$ns" wait --for=delete pod -l "app.kubernetes.io/instance=$release" --timeout=2m > /dev/null 2>&1 || true
  left=$(kubectl -n "$ns" get all,configmap,secret,serviceaccount,networkpolicy,poddisruptionbudget,hpa -l "app.kubernetes.io/instance=$release" -o name)
  [ -z "$left" ] || { echo "left behind: $left" >&2; return 1; }
}

say "cluster and images"
cluster
dotnet build tests/Catalog.SystemTests -c Release -v quiet
kubectl create namespace "$ns"
# What the chart makes must be allowed where nothing else is.
kubectl label namespace "$ns" pod-security.kubernetes.io/enforce=restricted > /dev/null
stores

say "install: three services"
deploy install
kubectl -n "$ns" get pods
gateway=$(gateway_url)
say "helm test"
smoke

if [ -z "${E2E_SHORT:-}" ]; then
  say "the suites, through the gateway"
  tests -class "Catalog.SystemTests.Deployed*" > "$work/suites.log" || fail "$work/suites.log"
  grep Total: "$work/suites.log"
fi

phase 'the load begins'
tests -class "*UnderLoadTests" -showliveoutput > "$work/load.log" 2>&1 & load=$!
sleep 15

phase 'busy, until the query service is scaled'
scaled() { [ "$(kubectl -n "$ns" get hpa "$name-query" -o jsonpath='{.status.currentReplicas}')" -gt 2 ]; }
for _ in $(seq 90); do if scaled; then break; fi; sleep 2; done
scaled || { kubectl -n "$ns" get hpa; echo "the query service was not scaled" >&2; exit 1; }
ready
calm
phase 'rolling restart of everything'
deploy upgrade --set-string "command.podAnnotations.e2e=1,query.podAnnotations.e2e=1,projector.podAnnotations.e2e=1,gateway.podAnnotations.e2e=1"
calm
for component in gateway query projector command; do
  phase "a pod of $component is killed"
  kubectl -n "$ns" delete "$(pods "$component" | head -1)" --grace-period=0 --force > /dev/null 2>&1
  sleep 3; ready
  calm
done
phase 'a node is drained'
drained=$(kubectl -n "$ns" get "$(pods command)" -o jsonpath='{.spec.nodeName}')
if [ "$(kubectl get nodes -o name | wc -l)" = 1 ]; then
  echo "There is one node only: skipped."
else
  kubectl drain "$drained" --ignore-daemonsets --delete-emptydir-data --timeout=3m > "$work/drain.log" 2>&1 || fail "$work/drain.log"
  kubectl uncordon "$drained" > /dev/null
  ready
fi
calm
phase 'Kafka is away, and the relay waits for it'
kafka_stop
sleep 25
phase 'Kafka is still away, reads are fresh'
sleep 100
reach curl -sf "$gateway/v1/projectionStatus" | grep -o '"directSync": *true' || { echo "direct sync is not on" >&2; exit 1; }
phase 'Kafka is back, reads are fresh'
kafka_start
sleep 20
phase 'another release on the same servers comes and goes'
neighbour=(--set "fullnameOverride=neighbour,kafka.topic=neighbour.v1,kafka.group=neighbour,elasticsearch.alias=neighbour,query.autoscaling.enabled=false,query.replicas=1,projector.replicas=1,gateway.replicas=1,gateway.service.type=ClusterIP")
"$helm" install neighbour charts/cqrs-grpc -n "$ns" -f tests/e2e/values.yaml "${settings[@]}" "${neighbour[@]}" --wait --timeout 5m > /dev/null || { explain; exit 1; }
"$helm" test neighbour -n "$ns" > /dev/null || { explain; exit 1; }
kubectl -n "$ns" port-forward service/neighbour-gateway :8080 > "$work/forward.log" & forward=$!
for _ in $(seq 50); do grep -q 127.0.0.1 "$work/forward.log" && break; sleep 0.2; done
curl -sf "http://$(grep -om1 '127.0.0.1:[0-9]*' "$work/forward.log")/v1/products:search" | grep -q '"totalSize": *"\?0' || { echo "the other release has found products that are not its own" >&2; exit 1; }
kill "$forward"
"$helm" uninstall neighbour -n "$ns" --wait > /dev/null
calm
phase 'rollback to the first revision'
"$helm" rollback "$release" 1 -n "$ns" --wait --timeout 5m > /dev/null
calm
rm "$work/phase"
wait "$load" || fail "$work/load.log"
load=''
grep -E 'queries |commands,|seed ' "$work/load.log"

say "a backup, and back"
backup_and_restore "statefulset/$name-command" /app/command-service
say "uninstall"
"$helm" uninstall "$release" -n "$ns" --wait > /dev/null
gone
kubectl -n "$ns" delete pvc --all --wait > /dev/null

say "install: standalone"
settings+=(--set standalone.enabled=true)
deploy install
kubectl -n "$ns" get pods
gateway=$(gateway_url)
smoke
phase 'the load begins, and the pod is killed'
tests -class "*UnderLoadTests" -showliveoutput > "$work/load.log" 2>&1 & load=$!
sleep 12
kubectl -n "$ns" delete "$(pods standalone)" --grace-period=0 --force > /dev/null 2>&1
sleep 3; ready
sleep 5
rm "$work/phase"
wait "$load" || fail "$work/load.log"
load=''
grep -E 'queries |commands,|seed ' "$work/load.log"
say "a backup, and back"
backup_and_restore "statefulset/$name-standalone" /app/catalog --data /var/lib/catalog
"$helm" uninstall "$release" -n "$ns" --wait > /dev/null
gone
say "everything holds"
