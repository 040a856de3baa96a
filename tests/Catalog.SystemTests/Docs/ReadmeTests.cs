using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>
/// What the README shows is what happens: its sessions are run, command by command, and the output compared. <c>UPDATE_README=1</c> writes the true output into it instead.
/// </summary>
public sealed partial class ReadmeTests
{
    private static readonly string Readme = Path.Combine(CatalogProcess.Repository, "README.md");

    [Fact]
    public async Task The_sessions_of_the_README_print_what_it_shows()
    {
        var grpcurl = Environment.GetEnvironmentVariable("TEST_GRPCURL");
        Assert.SkipWhen(string.IsNullOrEmpty(grpcurl), "TEST_GRPCURL names no grpcurl.");
        Assert.SkipUnless(File.Exists("/usr/bin/jq") && File.Exists("/usr/bin/curl") && File.Exists("/bin/bash"), "bash, curl and jq are needed.");
        using var folder = new TempFolder();
        await using var catalog = await CatalogProcess.StartAsync(folder.Path);
        await Eventually.TrueAsync("ready", async () => (await catalog.Rest.GetAsync("/healthz/ready")).IsSuccessStatusCode);

        var readme = await File.ReadAllTextAsync(Readme);
        var sessions = Session().Matches(readme);
        Assert.True(sessions.Count >= 3);
        var truth = readme;
        foreach (Match session in sessions)
        {
            var commands = Commands(session.Groups["body"].Value);
            var outputs = await RunAsync(commands, catalog, grpcurl!);
            truth = truth.Replace(session.Groups["body"].Value, string.Concat(commands.Zip(outputs, (c, o) => $"$ {c}\n{o}")), StringComparison.Ordinal);
        }
        if (Environment.GetEnvironmentVariable("UPDATE_README") == "1") await File.WriteAllTextAsync(Readme, truth);
        else Assert.Equal(Normalize(readme), Normalize(truth));
    }

    [Fact]
    public void Who_tries_one_example_after_the_other_makes_other_products()
    {
        var skus = new[] { "README.md", "docs/clients.md", "services/Standalone/Banner.cs" }.SelectMany(file =>
            Sku().Matches(File.ReadAllText(Path.Combine(CatalogProcess.Repository, file))).Select(m => m.Groups["sku"].Value).Distinct(StringComparer.Ordinal)).ToList();
        Assert.True(skus.Count >= 4);
        Assert.Equal(skus.Distinct(StringComparer.Ordinal), skus);
    }

    /// <summary>The commands of a session: a line that begins with a dollar sign, and those after it while one ends with a backslash or a quote is open.</summary>
    private static List<string> Commands(string body)
    {
        var commands = new List<string>();
        var open = false;
        foreach (var line in body.Split('\n'))
        {
            if (open) commands[^1] += "\n" + line;
            else if (line.StartsWith("$ ", StringComparison.Ordinal)) commands.Add(line[2..]);
            else continue;
            open = line.EndsWith('\\') || commands[^1].Count(c => c == '\'') % 2 == 1;
        }
        return commands;
    }

    /// <summary>Runs the commands in one shell, as a reader would, and returns what each printed.</summary>
    private static async Task<List<string>> RunAsync(List<string> commands, CatalogProcess catalog, string grpcurl)
    {
        const string End = "-- end of command --";
        var script = new StringBuilder($"cd '{CatalogProcess.Repository}'; exec 2>&1\n");
        foreach (var command in commands)
            script.Append(command.Replace("127.0.0.1:5080", catalog.Grpc.Authority, StringComparison.Ordinal).Replace("127.0.0.1:5081", catalog.Rest.BaseAddress!.Authority, StringComparison.Ordinal)
                .Replace("catalog import", $"catalog import --server {catalog.Grpc.OriginalString}", StringComparison.Ordinal)).Append($"\necho; echo '{End}'\n");
        var start = new ProcessStartInfo("/bin/bash", ["-c", script.ToString()]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(grpcurl)}:{Path.GetDirectoryName(CatalogProcess.Executable)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output.Split($"\n{End}\n")[..^1].Select(o => o.TrimEnd() is { Length: > 0 } said ? said.Replace("\t", "    ", StringComparison.Ordinal) + "\n" : "").ToList();
    }

    // What differs from run to run: times, etags, tokens and rates.
    private static string Normalize(string text) => Changing().Replace(text, "…");

    [GeneratedRegex("""sku"? ?[:=] ?"(?<sku>[^"]+)""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Sku();

    [GeneratedRegex("```console\n(?<body>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Session();

    [GeneratedRegex("""\d{4}-\d\d-\d\dT[\d:.]+Z|"\d+-[0-9a-f]{8}"|"[\w-]{40,}"|in [\d.]+ s \([\d,]+ rows/s\)""")]
    private static partial Regex Changing();
}
