# The first target is the default.
CONFIGURATION ?= Release
BUF ?= $(shell command -v buf || echo npx --yes @bufbuild/buf@1.75.0)
GOOGLEAPIS := protos/.googleapis

.PHONY: help run test bench cluster corpus lint format protos descriptor e2e pack clean

help: ## Show what there is.
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## Run the whole catalog on this machine: gRPC on 127.0.0.1:5080, REST on 127.0.0.1:5081, data in ./data.
	@echo "Building the catalog, the first time for a minute or so …"
	@dotnet run --project services/Standalone -c $(CONFIGURATION) --no-launch-profile -- $(ARGS)

test: ## Build and run every test. What a test needs and does not find makes it a skipped one, which says so.
	dotnet build CqrsGrpc.sln -c $(CONFIGURATION) -v quiet
	dotnet test --solution CqrsGrpc.sln -c $(CONFIGURATION) --no-build $(ARGS)

bench: ## Measure this build against a bare gRPC echo, side by side.
	dotnet build services/Standalone -c $(CONFIGURATION) -v quiet
	dotnet build tests/Catalog.Bench -c $(CONFIGURATION) -v quiet
	dotnet run --project tests/Catalog.Bench -c $(CONFIGURATION) --no-build -- $(ARGS)

cluster: ## Run the catalog as three services on real servers, from one terminal: see tests/cluster.sh for where they come from.
	@tests/cluster.sh

corpus: ## Make artifacts/debian.ndjson: some 60,000 products out of Debian's package index (on Debian or Ubuntu).
	python3 tests/corpus/debian.py artifacts/debian.ndjson

lint: protos ## Check the format of the code, and the contract against its rules and its last release.
	dotnet restore CqrsGrpc.sln -v quiet
	dotnet format CqrsGrpc.sln --verify-no-changes --no-restore
	cd protos && $(BUF) lint && $(BUF) format --diff --exit-code --path catalog && $(BUF) breaking --against released.binpb --path catalog/v1

format: protos ## Format the code and the contract.
	dotnet format CqrsGrpc.sln
	cd protos && $(BUF) format --write --path catalog

protos: ## Take the common types of Google's APIs out of their NuGet package, for tools that read the contract's sources.
	@dotnet restore services/Catalog.Contracts -v quiet
	@mkdir -p $(GOOGLEAPIS)/google
	@cp -R $$(dotnet msbuild services/Catalog.Contracts -getProperty:PkgGoogle_Api_CommonProtos)/content/protos/google/api \
		$$(dotnet msbuild services/Catalog.Contracts -getProperty:PkgGoogle_Api_CommonProtos)/content/protos/google/rpc \
		$$(dotnet msbuild services/Catalog.Contracts -getProperty:PkgGoogle_Api_CommonProtos)/content/protos/google/type $(GOOGLEAPIS)/google/

descriptor: protos ## Write charts/cqrs-grpc/files/catalog.pb, by which the gateway knows the contract. Needed after a change of protos/; a test notices.
	@tool() { dotnet msbuild services/Catalog.Contracts -t:Protobuf_ResolvePlatform -getProperty:$$1; }; \
		"$$(tool Protobuf_ProtocFullPath)" -Iprotos -I$(GOOGLEAPIS) -I"$$(tool Protobuf_StandardImportsPath)" --include_imports \
		--descriptor_set_out=charts/cqrs-grpc/files/catalog.pb \
		catalog/v1/product_command_service.proto catalog/v1/product_query_service.proto google/rpc/error_details.proto

e2e: ## Install the chart on a cluster by k3d (or the one that KUBECONFIG names), and break it there under load. See tests/e2e/run.sh.
	tests/e2e/run.sh

pack: ## Make the package that clients take, in artifacts/.
	dotnet pack services/Catalog.Contracts -c $(CONFIGURATION) -o artifacts -v quiet

clean: ## Remove what was built. Data stays.
	rm -rf artifacts $(GOOGLEAPIS) services/*/bin services/*/obj tests/*/bin tests/*/obj
