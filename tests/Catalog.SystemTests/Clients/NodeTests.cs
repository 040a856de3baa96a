namespace Catalog.SystemTests.Clients;

/// <summary>A client in Node, made from the protos as they are published.</summary>
public sealed class NodeTests(SharedCatalog shared)
{
    [Fact]
    public async Task A_Node_client_creates_gets_searches_watches_and_reads_the_details_of_errors()
    {
        var node = await ClientProgram.RunAsync("node", "--version");
        Assert.SkipUnless(node.Code == 0, "node is not here");
        var modules = Path.Combine(CatalogProcess.Repository, "artifacts", "node-client");
        if (!Directory.Exists(Path.Combine(modules, "node_modules")))
        {
            Directory.CreateDirectory(modules);
            foreach (var file in new[] { "package.json", "package-lock.json" }) File.Copy(Path.Combine(ClientProgram.Folder("node"), file), Path.Combine(modules, file), overwrite: true);
            var install = await ClientProgram.RunInAsync(modules, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
            Assert.SkipUnless(install.Code == 0, $"the packages cannot be had: {install.Errors}");
        }
        File.Copy(Path.Combine(ClientProgram.Folder("node"), "client.js"), Path.Combine(modules, "client.js"), overwrite: true);

        var (code, output, errors) = await ClientProgram.RunAsync("node", Path.Combine(modules, "client.js"), shared.Catalog.Commands.Target, shared.Catalog.Queries.Target,
            TestProducts.Word(), ClientProgram.Protos, ClientProgram.CommonProtos);

        Assert.True(code == 0, output + errors);
        Assert.EndsWith("all well\n", output, StringComparison.Ordinal);
    }
}
