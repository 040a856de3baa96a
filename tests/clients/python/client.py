"""Uses the catalog as a Python program does.

Arguments: command address, query address, a word that no product holds yet, the catalog's protos, Google's protos, a folder for the stubs.
"""

import pathlib
import shutil
import subprocess
import sys

import grpc

command_address, query_address, word, protos, common_protos, stubs = sys.argv[1:]

files = sorted(pathlib.Path(protos, "catalog/v1").glob("*.proto")) + [pathlib.Path(common_protos, "google", name) for name in (
    "api/annotations.proto", "api/client.proto", "api/field_behavior.proto", "api/http.proto", "api/launch_stage.proto", "api/resource.proto",
    "rpc/error_details.proto", "rpc/status.proto", "type/money.proto")]
subprocess.run(["protoc", f"-I{protos}", f"-I{common_protos}", f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
                f"--python_out={stubs}", f"--grpc_python_out={stubs}", *map(str, files)], check=True)
sys.path.insert(0, stubs)

# The packages google.api, google.rpc and google.type are made here, google.protobuf is the installed one.
import google  # noqa: E402

google.__path__.append(str(pathlib.Path(stubs, "google")))
from catalog.v1 import product_command_service_pb2 as commands_pb  # noqa: E402
from catalog.v1 import product_command_service_pb2_grpc as commands_grpc  # noqa: E402
from catalog.v1 import product_pb2  # noqa: E402
from catalog.v1 import product_query_service_pb2 as queries_pb  # noqa: E402
from catalog.v1 import product_query_service_pb2_grpc as queries_grpc  # noqa: E402
from google.rpc import error_details_pb2, status_pb2  # noqa: E402
from google.type import money_pb2  # noqa: E402

commands = commands_grpc.ProductCommandServiceStub(grpc.insecure_channel(command_address))
queries = queries_grpc.ProductQueryServiceStub(grpc.insecure_channel(query_address))
name = f"products/{word}"


def details_of(error):
    """The details of an error are a google.rpc.Status in a trailer."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    found = {}
    for detail in status.details:
        kind = detail.type_url.rsplit(".", 1)[1]
        found[kind] = getattr(error_details_pb2, kind).FromString(detail.value)
    return found


def refused(method, request):
    try:
        method(request, timeout=30)
    except grpc.RpcError as error:
        return error
    raise AssertionError("was accepted")


watch = queries.WatchProducts(queries_pb.WatchProductsRequest(), timeout=30)
next(watch)

created = commands.CreateProduct(commands_pb.CreateProductRequest(
    product_id=word, request_id=word,
    product=product_pb2.Product(sku=word, title=f"A lamp from Python, {word}", brand=word, price=money_pb2.Money(currency_code="EUR", units=12, nanos=500_000_000))), timeout=30)
assert created.version == 1, created

got = queries.GetProduct(queries_pb.GetProductRequest(name=name, consistency_tokens=[created.consistency_token]), timeout=30)
assert (got.title, got.price.units, got.state) == (f"A lamp from Python, {word}", 12, product_pb2.Product.STATE_DRAFT), got

activated = commands.ActivateProduct(commands_pb.ActivateProductRequest(name=name, etag=created.etag), timeout=30)
found = queries.SearchProducts(queries_pb.SearchProductsRequest(
    query=word, filter="state = ACTIVE", facets=["brand"], consistency_tokens=[activated.consistency_token]), timeout=30)
assert (found.total_size, found.results[0].product.name, found.facets[0].values[0].value) == (1, name, word), found

error = refused(commands.AdjustStock, commands_pb.AdjustStockRequest(name=name, delta=-1, reason="sold"))
assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
assert details_of(error)["ErrorInfo"].reason == "INSUFFICIENT_STOCK", error
assert details_of(error)["PreconditionFailure"].violations[0].subject == name, error

error = refused(commands.CreateProduct, commands_pb.CreateProductRequest(product=product_pb2.Product(sku="!")))
assert [v.field for v in details_of(error)["BadRequest"].field_violations] == ["product.sku", "product.title"], error

seen = []
for message in watch:
    seen += [event.WhichOneof("change") for event in message.events if event.name == name]
    if len(seen) >= 2:
        break
assert seen == ["created", "activated"], seen
watch.cancel()
print("all well")
