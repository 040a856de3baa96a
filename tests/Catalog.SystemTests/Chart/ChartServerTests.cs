using Catalog.SystemTests.Clients;

namespace Catalog.SystemTests;

/// <summary>The chart before a real API server, which refuses unknown and mistyped fields. <c>TEST_KUBERNETES</c> is a folder whose program <c>up</c> starts one.</summary>
public sealed class ChartServerTests
{
    [Fact]
    public async Task An_API_server_takes_every_manifest()
    {
        _ = ClientProgram.Tool("TEST_HELM");
        var kubernetes = ClientProgram.Tool("TEST_KUBERNETES");
        using var folder = new TempFolder();
        var server = folder.File("server");
        var (started, said, errors) = await ClientProgram.RunAsync(Path.Combine(kubernetes, "up"), "-n", "0", "-d", server);
        Assert.True(started == 0, errors);
        try
        {
            // export KUBECONFIG=... PATH=...:$PATH
            var config = said.Split("KUBECONFIG=")[1].Split(' ')[0];
            var kubectl = Path.Combine(said.Split("PATH=")[1].Split(':')[0], "kubectl");
            await OkAsync(kubectl, config, "apply", "-f", Path.Combine(kubernetes, "crds.yaml"));
            await OkAsync(kubectl, config, "create", "namespace", RenderedChart.Namespace);
            foreach (var set in RenderedChart.Shapes.Select(s => s.Data))
            {
                var (code, output, problem) = await RenderedChart.HelmAsync("template", RenderedChart.Release, RenderedChart.Folder, "-n", RenderedChart.Namespace, "--set", set);
                Assert.True(code == 0, problem);
                var file = folder.File("all.yaml");
                await File.WriteAllTextAsync(file, output, TestContext.Current.CancellationToken);
                await OkAsync(kubectl, config, "apply", "-n", RenderedChart.Namespace, "--dry-run=server", "--validate=strict", "-f", file);
            }
            foreach (var file in Directory.EnumerateFiles(Path.Combine(CatalogProcess.Repository, "k8s-dev"), "*.yaml").Where(f => File.ReadAllText(f).Contains("\nkind: Service", StringComparison.Ordinal)))
                await OkAsync(kubectl, config, "apply", "-n", RenderedChart.Namespace, "--dry-run=server", "--validate=strict", "-f", file);
        }
        finally
        {
            await ClientProgram.RunAsync(Path.Combine(kubernetes, "down"), server);
        }
    }

    private static async Task OkAsync(string kubectl, string config, params string[] arguments)
    {
        var (code, _, errors) = await ClientProgram.RunAsync(kubectl, ["--kubeconfig", config, .. arguments]);
        Assert.True(code == 0, errors);
    }
}
