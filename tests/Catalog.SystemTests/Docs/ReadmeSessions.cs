using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Catalog.SystemTests;

/// <summary>The sessions that the README shows.</summary>
internal static partial class ReadmeSessions
{
    public static readonly string Readme = Path.Combine(CatalogProcess.Repository, "README.md");

    private static string? Grpcurl => Environment.GetEnvironmentVariable("TEST_GRPCURL");

    /// <summary>What a reader needs and is not here; null where nothing is missing.</summary>
    public static string? Missing => string.IsNullOrEmpty(Grpcurl) ? "TEST_GRPCURL names no grpcurl."
        : File.Exists("/usr/bin/jq") && File.Exists("/usr/bin/curl") && File.Exists("/bin/bash") ? null : "bash, curl and jq are needed.";

    /// <summary>Runs the first of them, or all, on a catalog that is empty; returns the README as it is, and with what they printed.</summary>
    public static async Task<(string Readme, string Truth)> RunAsync(Uri grpc, Uri rest, int first = int.MaxValue)
    {
        var readme = await File.ReadAllTextAsync(Readme);
        var sessions = Session().Matches(readme);
        Assert.True(sessions.Count >= 3);
        var truth = readme;
        foreach (var session in sessions.Take(first))
        {
            var commands = Commands(session.Groups["body"].Value);
            var outputs = await RunAsync(commands, grpc, rest);
            truth = truth.Replace(session.Groups["body"].Value, string.Concat(commands.Zip(outputs, (c, o) => $"$ {c}\n{o}")), StringComparison.Ordinal);
        }
        return (readme, truth);
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

    /// <summary>Runs commands in one shell, as a reader would, and returns what each printed.</summary>
    private static async Task<List<string>> RunAsync(List<string> commands, Uri grpc, Uri rest)
    {
        const string End = "-- end of command --";
        var script = new StringBuilder($"cd '{CatalogProcess.Repository}'; exec 2>&1\n");
        foreach (var command in commands)
            script.Append(command.Replace("127.0.0.1:5080", grpc.Authority, StringComparison.Ordinal).Replace("127.0.0.1:5081", rest.Authority, StringComparison.Ordinal)
                .Replace("catalog import", $"catalog import --server {grpc.OriginalString}", StringComparison.Ordinal)).Append($"\necho; echo '{End}'\n");
        var start = new ProcessStartInfo("/bin/bash", ["-c", script.ToString()]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Grpcurl)}:{Path.GetDirectoryName(CatalogProcess.Executable)}:{Environment.GetEnvironmentVariable("PATH")}";
        using var shell = Process.Start(start)!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output.Split($"\n{End}\n")[..^1].Select(o => o.TrimEnd() is { Length: > 0 } said ? said.Replace("\t", "    ", StringComparison.Ordinal) + "\n" : "").ToList();
    }

    /// <summary>Without what differs from run to run: times, etags, tokens and rates.</summary>
    public static string Normalize(string text) => Changing().Replace(text, "…");

    [GeneratedRegex("```console\n(?<body>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Session();

    [GeneratedRegex("""\d{4}-\d\d-\d\dT[\d:.]+Z|"\d+-[0-9a-f]{8}"|"[\w-]{40,}"|in [\d.]+ s \([\d,]+ rows/s\)""")]
    private static partial Regex Changing();
}
