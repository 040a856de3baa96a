using System.Text.Json;
using Catalog.SystemTests.Clients;

namespace Catalog.SystemTests.Gateway;

/// <summary>The gateway's files as helm renders them from the chart.</summary>
internal static class Chart
{
    /// <summary>What cannot be tested without Envoy and helm is skipped.</summary>
    public static (string Envoy, string Helm) Tools() => (ClientProgram.Tool("TEST_ENVOY"), ClientProgram.Tool("TEST_HELM"));

    /// <summary>A manifest of the chart.</summary>
    /// <param name="gateway">What differs from the section <c>gateway</c> of the chart's values.</param>
    /// <param name="template">The template's name.</param>
    public static async Task<string> RenderAsync(object gateway, string template)
    {
        using var folder = new TempFolder();
        var values = folder.File("values.json");
        // The chart refuses a gateway that is less patient than the query service, which the tests have to be.
        await File.WriteAllTextAsync(values, JsonSerializer.Serialize(new { gateway, queries = new { maxTokenWait = "00:00:00" } }));
        var (code, output, errors) = await RenderedChart.HelmAsync("template", "test", RenderedChart.Folder, "--values", values, "--show-only", $"templates/{template}.yaml");
        Assert.True(code == 0, errors);
        return output;
    }

    /// <summary>Writes the files of the ConfigMap into a folder, as kubelet does.</summary>
    /// <returns>Where Envoy's configuration is.</returns>
    public static async Task<string> WriteFilesAsync(object gateway, TempFolder folder)
    {
        string? file = null;
        foreach (var line in (await RenderAsync(gateway, "gateway-configmap")).Split('\n').SkipWhile(l => !l.StartsWith("data:", StringComparison.Ordinal)).Skip(1))
        {
            if (line.StartsWith("  ", StringComparison.Ordinal) && line.EndsWith(": |", StringComparison.Ordinal) && line[2] != ' ') file = folder.File(line.Trim()[..^3]);
            else if (file is not null) await File.AppendAllTextAsync(file, (line.Length > 4 ? line[4..] : "")
                .Replace("/etc/envoy-tls", folder.File("tls"), StringComparison.Ordinal).Replace("/etc/envoy", folder.Path, StringComparison.Ordinal) + "\n");
        }
        return folder.File("envoy.yaml");
    }
}
