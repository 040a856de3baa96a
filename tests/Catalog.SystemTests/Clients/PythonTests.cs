namespace Catalog.SystemTests.Clients;

/// <summary>A client in Python, with stubs made from the protos as they are published.</summary>
public sealed class PythonTests(SharedCatalog shared)
{
    [Fact]
    public async Task A_Python_client_creates_gets_searches_watches_and_reads_the_details_of_errors()
    {
        const string Python = "/usr/bin/python3";
        var packages = await ClientProgram.RunAsync(Python, "-c", "import grpc, google.protobuf, shutil; assert shutil.which('protoc') and shutil.which('grpc_python_plugin')");
        Assert.SkipUnless(packages.Code == 0, $"one of Debian's python3-grpcio, protobuf-compiler and protobuf-compiler-grpc is not here: {packages.Errors}");
        using var stubs = new TempFolder();

        var (code, output, errors) = await ClientProgram.RunAsync(Python, Path.Combine(ClientProgram.Folder("python"), "client.py"), shared.Catalog.Commands.Target, shared.Catalog.Queries.Target,
            TestProducts.Word(), ClientProgram.Protos, ClientProgram.CommonProtos, stubs.Path);

        Assert.True(code == 0, output + errors);
        Assert.EndsWith("all well\n", output, StringComparison.Ordinal);
    }
}
