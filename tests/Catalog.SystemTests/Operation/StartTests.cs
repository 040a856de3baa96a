using System.Diagnostics;
using Catalog.V1;
using Grpc.Core;

namespace Catalog.SystemTests;

/// <summary>What keeps the process from starting is said in one line that tells what to do.</summary>
public sealed class StartTests : IDisposable
{
    private readonly TempFolder _folder = new();

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Who_sends_a_command_is_told_by_the_header_that_is_set_for_it()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path, new Dictionary<string, string>(StringComparer.Ordinal) { ["Commands__ActorHeader"] = "x-catalog-actor" });
        foreach (var actor in new[] { "alice", "bob" })
        {
            // The same request_id of two callers is two commands (G4).
            var create = TestProducts.Create(and: p => p.Title = actor);
            create.RequestId = "mine";
            await catalog.Writes().CreateProductAsync(create, new Metadata { { "x-catalog-actor", actor } });
            // Watchers are not told.
            var happened = ProductEvent.Parser.ParseFrom(_folder.Read<byte[]>("SELECT body FROM events ORDER BY position DESC LIMIT 1"));
            Assert.Equal((actor, actor), (happened.Product.Title, happened.Actor));
        }
    }

    [Fact]
    public async Task A_port_in_use()
    {
        await using var first = await CatalogProcess.StartAsync(_folder.File("first"));
        await FailsAsync(_folder.File("second"), "--urls", $"{first.Grpc.OriginalString.TrimEnd('/')};http://127.0.0.1:0");
        await FailsAsync(_folder.File("third"), "--urls", $"http://127.0.0.1:0;{first.Rest.BaseAddress!.OriginalString.TrimEnd('/')}");
    }

    [Fact]
    public async Task A_folder_in_use()
    {
        await using var first = await CatalogProcess.StartAsync(_folder.Path);
        await FailsAsync(_folder.Path, "in use by another catalog process");
        await first.CreatedAsync();
    }

    [Fact]
    public async Task A_folder_whose_path_is_too_long_for_a_socket() => await FailsAsync(_folder.File(new string('d', 120)), "too long");

    [Fact]
    public async Task A_file_in_the_place_of_the_folder()
    {
        await File.WriteAllTextAsync(_folder.File("data"), "");
        await FailsAsync(_folder.File("data"), "--data");
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written()
    {
        using var mount = Tmpfs.Mount(_folder.File("data"), "1m");
        mount.MakeReadOnly();
        await FailsAsync(_folder.File("data"), "--data");
    }

    [Fact]
    public async Task A_disk_that_is_full_already()
    {
        using var mount = Tmpfs.Mount(_folder.File("data"), "64k");
        await File.WriteAllBytesAsync(Path.Combine(_folder.File("data"), "filler"), new byte[60 * 1024]);
        await FailsAsync(_folder.File("data"), "full");
    }

    [Fact]
    public async Task A_damaged_command_database()
    {
        await File.WriteAllTextAsync(_folder.Database(), new string('x', 100_000));
        await FailsAsync(_folder.Path, "Restore a backup");
    }

    [Fact]
    public async Task A_command_database_of_a_newer_build()
    {
        await using (var first = await CatalogProcess.StartAsync(_folder.Path)) await first.StopAsync();
        _folder.Change("PRAGMA user_version = 99");
        await FailsAsync(_folder.Path, "newer build");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("https://127.0.0.1:0;http://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:7;http://127.0.0.1:7")]
    [InlineData("http://127.0.0.1:0/foo;http://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:0;http://127.0.0.1:0/?a=b")]
    [InlineData("http://127.0.0.1:0/#part;http://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:0;http://me@127.0.0.1:0")]
    public async Task Addresses_that_are_none(string urls)
    {
        var (code, output) = await CatalogProcess.RunAsync("--data", _folder.Path, "--urls", urls);
        Assert.Equal(2, code);
        Assert.Contains("--urls takes two http URLs", output, StringComparison.Ordinal);
        Refusal.HasNoStackTrace(output);
    }

    [Fact]
    public async Task An_address_that_is_not_of_this_machine() => await FailsAsync(_folder.Path, "--urls", "http://192.0.2.1:5080;http://127.0.0.1:0");

    [Fact]
    public async Task A_verb_without_a_process_tells_to_start_one()
    {
        foreach (var verb in new[] { "rebuild", "replay-dead-letters" })
        {
            var (code, output) = await CatalogProcess.RunAsync(verb, "--data", _folder.Path);
            Assert.Equal(2, code);
            Assert.Contains($"catalog --data {_folder.Path}", output, StringComparison.Ordinal);
            Refusal.HasNoStackTrace(output);
        }
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_warned_of_once()
    {
        await using var catalog = await CatalogProcess.StartAsync(_folder.Path,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1", ["OTEL_METRIC_EXPORT_INTERVAL"] = "100" });
        await Eventually.TrueAsync("it is said", () => catalog.Output.Any(IsSaid));
        await catalog.StopAsync();
        Assert.Single(catalog.Output, IsSaid);

        static bool IsSaid(string line) => line.Contains("Telemetry does not arrive", StringComparison.Ordinal) && line.Contains("127.0.0.1:1", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbs_that_do_not_reach_their_servers_say_where_they_looked_and_what_to_do()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Kafka__BootstrapServers"] = "127.0.0.1:1", ["Elasticsearch__Url"] = "http://127.0.0.1:1", ["CommandDatabase__Provider"] = "Sqlite", ["CommandDatabase__Path"] = _folder.Database(),
        };
        foreach (var (host, verb, setting) in new[] { ("Projector", "replay-dead-letters", "Kafka:BootstrapServers"), ("CommandService", "rebuild", "Elasticsearch:Url") })
        {
            var (code, output) = await HostProcess.RunAsync([HostProcess.Metadata($"{host}Executable"), verb], settings);
            Assert.Equal(1, code);
            var said = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
            Assert.Contains("127.0.0.1:1", said, StringComparison.Ordinal);
            Assert.Contains(setting, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_connection_that_cannot_be_secured_is_explained_by_smoke()
    {
        await using var first = await CatalogProcess.StartAsync(_folder.Path);
        var (code, output) = await CatalogProcess.RunAsync("smoke", "--url", $"https://{first.Rest.BaseAddress!.Authority}");
        Assert.Equal(1, code);
        Assert.Matches(@"The SSL connection could not be established: \S", output);
    }

    [Fact]
    public async Task Settings_that_cannot_be_read()
    {
        await File.WriteAllTextAsync(_folder.File("appsettings.json"), """{ "Queries": { """);
        await FailsAsync("appsettings.json", CatalogProcess.Executable, "Standalone", "CommandService", "Projector", "QueryService");
        await File.WriteAllTextAsync(_folder.File("appsettings.json"), """{ "Logging": { "LogLevel": { "Catalog.Kafka": "Foo" } } }""");
        await FailsAsync("Logging:LogLevel:Catalog.Kafka must be one of Trace, ", CatalogProcess.Executable, "Standalone", "CommandService", "Projector", "QueryService");

        async Task FailsAsync(string saying, string executable, params string[] hosts)
        {
            foreach (var host in hosts)
            {
                if (host != "Standalone") executable = HostProcess.Metadata($"{host}Executable");
                var (code, output) = await HostProcess.RunAsync(["/bin/sh", "-c", $"cd '{_folder.Path}' && exec '{executable}' --urls 'http://127.0.0.1:0;http://127.0.0.1:0'"]);
                Assert.Equal(1, code);
                var line = Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
                Assert.StartsWith($"{Path.GetFileName(executable)}: ", line, StringComparison.Ordinal);
                Assert.Contains(saying, line, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Run_from_the_sources_its_folder_is_where_it_was_started_as_for_the_verbs()
    {
        var configuration = Directory.GetParent(Path.GetDirectoryName(CatalogProcess.Executable)!)!.Name;
        var run = $"cd '{_folder.Path}' && dotnet run --project '{CatalogProcess.Repository}/services/Standalone' -c {configuration} --no-build --no-launch-profile -- --urls 'http://127.0.0.1:0;http://127.0.0.1:0'";
        await using var process = new HostProcess(["/bin/sh", "-c", run]);
        await process.ListeningAsync();
        Assert.True(File.Exists(_folder.File("data/catalog.db")));
    }

    [Fact]
    public async Task The_process_starts_quickly_and_again_after_a_kill()
    {
        var clock = Stopwatch.StartNew();
        await using (var first = await CatalogProcess.StartAsync(_folder.Path)) await first.KillAsync();
        await using var second = await CatalogProcess.StartAsync(_folder.Path);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        await second.GetAsync(await second.CreatedAsync());
    }

    private static async Task FailsAsync(string folder, string saying, string urls = "http://127.0.0.1:0;http://127.0.0.1:0")
    {
        await using var process = CatalogProcess.Begin(folder, urls);
        Assert.Equal(1, await process.WaitForExitAsync(Eventually.Patience));
        var line = Assert.Single(process.Errors);
        Assert.StartsWith("catalog: ", line, StringComparison.Ordinal);
        Assert.Contains(saying, line, StringComparison.Ordinal);
        Assert.True(!string.Join("", process.Output).Contains("   at ", StringComparison.Ordinal), string.Join("\n", process.Output));
    }
}
