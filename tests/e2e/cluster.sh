# Where run.sh runs, and what stands around the chart there. Defines: cluster, stores, kafka_stop, kafka_start, address (of the load balancer), gateway_url, reach (runs a command from where the gateway can be
# reached), finish (ends what was begun), and settings (arguments of helm).

settings=()
kafka_pid=''

if [ -n "${TEST_KUBERNETES:-}" ] && [ -z "${KUBECONFIG:-}" ]; then
  node=$work/node

  published() { # PROJECT EXECUTABLE IMAGE
    [ -e "$images/$3.tar" ] && return
    dotnet publish "services/$1" -c Release -r linux-x64 --self-contained -v quiet -o "$work/$3"
    "$TEST_IMAGE" "cqrs-grpc/$3:$tag" "$images/$3.tar" "$work/$3" "$2"
    rm -rf "${work:?}/$3"
  }
  cluster() {
    images=${E2E_IMAGES:-$work/images}
    mkdir -p "$images"
    published CommandService command-service command-service
    published Projector projector projector
    published QueryService query-service query-service
    published Standalone catalog standalone
    if [ ! -e "$images/gateway.tar" ]; then
      mkdir "$work/gateway"
      # The gateway's preStop is run by bash.
      cp "$TEST_ENVOY" "$work/gateway/envoy"; cp /bin/bash "$work/gateway/bash"
      "$TEST_IMAGE" "cqrs-grpc/gateway:$tag" "$images/gateway.tar" "$work/gateway" envoy
    fi
    eval "$("$TEST_KUBERNETES/up" -n 2 -d "$node" "$images"/*.tar 2> "$work/up.log")"
  }
  # Nobody gives out the addresses of load balancers here, and helm waits for them.
  address() {
    until kubectl -n "$ns" patch service "$name-gateway" --subresource=status --type=merge -p '{"status":{"loadBalancer":{"ingress":[{"ip":"10.88.1.1"}]}}}' > /dev/null 2>&1; do sleep 3; done
  }
  # The stores are where production has them: outside, at an address.
  stores() {
    kafka_start
    ES_HEAP=${ES_HEAP:-512m} "$TEST_KUBERNETES/in" "$node" "$TEST_ELASTICSEARCH_RUN" 9200 "$work/elasticsearch" network.host=10.88.0.1 > "$work/elasticsearch.log" 2>&1 &
    settings+=(--set "kafka.bootstrapServers=10.88.0.1:9092,elasticsearch.url=http://10.88.0.1:9200")
    for _ in $(seq 90); do reach curl -sf "http://10.88.0.1:9200/_cluster/health?wait_for_status=yellow" > /dev/null && return; sleep 1; done
    echo "Elasticsearch does not come up" >&2; return 1
  }
  kafka_start() { KAFKA_HOST=10.88.0.1 "$TEST_KUBERNETES/in" "$node" "$TEST_KAFKA_RUN" 9092 "$work/kafka" > "$work/kafka.log" 2>&1 & kafka_pid=$!; }
  # The broker is the child of what entered the node.
  kafka_stop() {
    pkill -9 -P "$kafka_pid"
    wait "$kafka_pid" 2> /dev/null || true
    ! reach bash -c '< /dev/tcp/10.88.0.1/9092' 2> /dev/null || { echo "Kafka does not end" >&2; return 1; }
  }
  gateway_url() { echo http://10.88.1.1:8080; }
  reach() { "$TEST_KUBERNETES/in" "$node" "$@"; }
  finish() {
    [ -e "$node/init.pid" ] && "$TEST_KUBERNETES/down" "$node"
    wait
    rm -rf "$work"
  }
else
  own=''
  cluster() {
    if [ -z "${KUBECONFIG:-}" ]; then
      own=1
      k3d cluster create --config k8s-dev/k3d.yaml --kubeconfig-update-default=false --wait
      export KUBECONFIG=$work/kubeconfig E2E_REGISTRY=${E2E_REGISTRY:-localhost:5050}
      k3d kubeconfig get catalog > "$KUBECONFIG"
      # As the nodes call it.
      settings+=(--set imageRegistry=registry.localhost:5050)
    else
      settings+=(--set "imageRegistry=${E2E_REGISTRY:?}")
    fi
    local image
    for image in CommandService:command-service Projector:projector QueryService:query-service Standalone:standalone Gateway:gateway; do
      docker build -q -f "services/${image%:*}/Dockerfile" -t "$E2E_REGISTRY/cqrs-grpc/${image#*:}:$tag" .
      docker push -q "$E2E_REGISTRY/cqrs-grpc/${image#*:}:$tag"
    done
  }
  stores() {
    kubectl -n "$ns" apply -f k8s-dev/kafka.yaml -f k8s-dev/elasticsearch.yaml
    kubectl -n "$ns" rollout status statefulset/kafka deployment/elasticsearch --timeout=5m
  }
  kafka_stop() { kubectl -n "$ns" scale statefulset/kafka --replicas=0 && kubectl -n "$ns" wait --for=delete pod/kafka-0 --timeout=2m; }
  kafka_start() { kubectl -n "$ns" scale statefulset/kafka --replicas=1; }
  gateway_url() {
    [ -z "${E2E_GATEWAY:-}" ] || { echo "$E2E_GATEWAY"; return; }
    [ -z "$own" ] || { echo http://127.0.0.1:8080; return; }
    kubectl -n "$ns" wait --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' "service/$name-gateway" --timeout=3m > /dev/null
    echo "http://$(kubectl -n "$ns" get service "$name-gateway" -o jsonpath='{.status.loadBalancer.ingress[0].ip}'):8080"
  }
  address() { :; }
  reach() { "$@"; }
  finish() {
    if [ -n "$own" ]; then k3d cluster delete catalog; else kubectl delete namespace "$ns" --ignore-not-found --wait; fi
    rm -rf "$work"
  }
fi
