using System.Text.RegularExpressions;
using Catalog.V1;

namespace Catalog.SystemTests;

/// <summary>No answer leaves before the disk has what it tells of (G1). The calls to the system are watched by strace.</summary>
public sealed partial class SyncTests
{
    private const int Alone = 20, Together = 100;

    [Fact]
    public async Task Every_answer_leaves_after_a_sync_that_began_after_its_command_was_written()
    {
        Assert.SkipUnless(await CanTraceAsync(), "strace is not here, or may not trace");
        using var folder = new TempFolder();
        var trace = folder.File("trace");
        List<string> ids = [];
        // -D: strace stands aside, and the process keeps the place of a child of this one.
        await using (var catalog = await CatalogProcess.StartAsync(folder.File("data"), null,
            "strace", "-D", "-f", "-y", "-s", "5000", "-e", "trace=pwrite64,fsync,fdatasync,sendmsg,sendto,write", "-e", "signal=none", "-o", trace))
        {
            for (var i = 0; i < Alone; i++) ids.Add(await CreateAsync(catalog));
            ids.AddRange(await Task.WhenAll(Enumerable.Range(0, Together).Select(_ => CreateAsync(catalog))));
            await catalog.StopAsync();
        }
        await Eventually.TrueAsync("the trace is complete", async () => (await File.ReadAllLinesAsync(trace))[^1].Contains("exited with 0", StringComparison.Ordinal));
        var calls = Read(await File.ReadAllLinesAsync(trace));
        var syncs = calls.Where(c => c.Name is "fsync" or "fdatasync" && c.Text.Contains("catalog.db-wal", StringComparison.Ordinal)).ToList();

        var seen = 0;
        foreach (var id in ids)
        {
            var written = calls.Where(c => c.Name == "pwrite64" && c.Text.Contains("catalog.db-wal", StringComparison.Ordinal) && c.Text.Contains(id, StringComparison.Ordinal)).Min(c => c.Ended);
            var answers = calls.Where(c => c.Name is "sendmsg" or "sendto" && c.Text.Contains(id, StringComparison.Ordinal)).ToList();
            // One that was cut in two by the end of a buffer cannot be recognised.
            if (answers.Count == 0) continue;
            seen++;
            var answered = answers.Min(c => c.Began);
            Assert.True(syncs.Exists(s => s.Began > written && s.Ended < answered), $"{id} was written at line {written}, answered at {answered}, and not synced between");
        }
        Assert.InRange(seen, ids.Count * 3 / 4, ids.Count);
        // Those that come together share their syncs.
        Assert.InRange(syncs.Count, Alone, Alone + Together);
        TestContext.Current.TestOutputHelper?.WriteLine($"{seen} of {ids.Count} answers seen, {syncs.Count} syncs");
    }

    private static async Task<string> CreateAsync(ICatalogUnderTest catalog)
    {
        var id = TestProducts.Word();
        await catalog.Writes().CreateProductAsync(TestProducts.Create(id));
        return id;
    }

    private static async Task<bool> CanTraceAsync()
    {
        try
        {
            using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("strace", ["-o", "/dev/null", "true"]) { RedirectStandardError = true, UseShellExecute = false })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>A call to the system: the lines of the trace at which it began and ended.</summary>
    private sealed record Call(string Name, string Text, int Began, int Ended);

    private static List<Call> Read(string[] lines)
    {
        List<Call> calls = [];
        Dictionary<string, Call> open = new(StringComparer.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            if (Begins().Match(lines[i]) is { Success: true } begun)
            {
                var call = new Call(begun.Groups["name"].Value, lines[i], i, i);
                if (lines[i].EndsWith("<unfinished ...>", StringComparison.Ordinal)) open[begun.Groups["pid"].Value] = call;
                else calls.Add(call);
            }
            else if (Resumes().Match(lines[i]) is { Success: true } resumed && open.Remove(resumed.Groups["pid"].Value, out var call))
            {
                calls.Add(call with { Ended = i });
            }
        }
        return calls;
    }

    [GeneratedRegex(@"^(?<pid>\d+)\s+(?<name>\w+)\(", RegexOptions.ExplicitCapture)]
    private static partial Regex Begins();

    [GeneratedRegex(@"^(?<pid>\d+)\s+<\.\.\. \w+ resumed>", RegexOptions.ExplicitCapture)]
    private static partial Regex Resumes();
}
