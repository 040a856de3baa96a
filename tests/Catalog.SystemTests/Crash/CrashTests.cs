using System.Diagnostics;
using System.Globalization;
using Catalog.V1;

namespace Catalog.SystemTests.Crash;

/// <summary>
/// Kills the process again and again under a load of everything at once, and holds what comes back to what the clients were told (G1–G6).
/// <c>CATALOG_CRASH_ROUNDS</c> and <c>CATALOG_CRASH_SEED</c> change how often and with which chances.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private const int Clients = 16;
    private static readonly int Rounds = Setting("CATALOG_CRASH_ROUNDS", 50);

    [Fact]
    public async Task Nothing_acknowledged_is_lost_nothing_happens_twice_and_the_index_equals_the_truth()
    {
        var seed = Setting("CATALOG_CRASH_SEED", Environment.TickCount & 0xFFFFFF);
        output.WriteLine($"CATALOG_CRASH_SEED={seed}");
        var chances = new Random(seed);
        var journal = new CommandJournal();
        var checker = new CrashChecker(journal);
        using var folder = new TempFolder();
        var catalog = await CatalogProcess.StartAsync(folder.Path);
        var clock = Stopwatch.StartNew();
        var (commands, repeated) = (0, 0);
        try
        {
            await checker.BeginAsync(catalog);
            for (var round = 1; round <= Rounds; round++)
            {
                var rows = await LoadAndKillAsync(catalog, journal, round, chances, folder);
                await catalog.DisposeAsync();
                catalog = await CatalogProcess.StartAsync(folder.Path);
                if (chances.Next(5) == 0)
                {
                    // One that is killed while it still cleans up behind the one before.
                    await catalog.DisposeAsync();
                    catalog = await CatalogProcess.StartAsync(folder.Path);
                }
                var unknown = journal.Commands.Values.Where(c => c.IsUnknown).ToList();
                await Task.WhenAll(unknown.Select(sent => CrashClient.RepeatAsync(journal, catalog, sent)));
                await CrashClient.ImportAsync(catalog, rows.Where(r => r.Result is null).Chunk(100));
                await RepeatSomeAsync(catalog, journal, chances);
                (commands, repeated) = (commands + journal.Commands.Count, repeated + unknown.Count);
                await checker.CheckAsync(catalog, round);
            }
            await checker.CheckAllAsync(catalog, (await catalog.CreatedAsync()).ConsistencyToken);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"CATALOG_CRASH_SEED={seed}: {e.Message}", e);
        }
        finally
        {
            await catalog.DisposeAsync();
        }
        output.WriteLine($"{Rounds} kills in {clock.Elapsed.TotalSeconds:0} s: {commands} commands, {repeated} of them repeated after a kill, {checker.Events} events");
        Assert.True(repeated > 0 || Rounds < 5, "no kill hit a command");
    }

    private static async Task<List<SentRow>> LoadAndKillAsync(CatalogProcess catalog, CommandJournal journal, int round, Random chances, TempFolder folder)
    {
        var names = Enumerable.Range(0, 60).Select(i => TestProducts.Name($"r{round}-{i}")).Take(chances.Next(3, 60)).ToArray();
        var killed = false;
        var clients = Enumerable.Range(0, Clients).Select(number =>
            Task.Run(new CrashClient(journal, [catalog], names, new Random(chances.Next()), round, number, () => Volatile.Read(ref killed)).RunAsync)).ToArray();
        var rebuild = chances.Next(8) == 0 ? CatalogProcess.RunAsync("rebuild", "--data", folder.Path) : Task.CompletedTask;
        var moment = Stopwatch.GetTimestamp();
        var after = TimeSpan.FromMilliseconds(chances.Next(250));
        // The moment is measured from the first answers on: a slow machine must not be killed before it began.
        await Eventually.TrueAsync("the load is on", () => journal.Commands.Values.Any(c => c.Receipt is not null) || clients.Any(c => c.IsCompleted));
        await Eventually.TrueAsync("the moment comes", () => Stopwatch.GetElapsedTime(moment) > after);
        Volatile.Write(ref killed, true);
        await catalog.KillAsync();
        await Task.WhenAll(clients);
        await rebuild;
        return [.. journal.Rows.Values.OrderBy(r => long.Parse(r.Row.Title["row-".Length..], CultureInfo.InvariantCulture))];
    }

    /// <summary>Commands that were acknowledged before the kill, sent again: the receipt must be the one that was given.</summary>
    private static Task RepeatSomeAsync(ICatalogUnderTest catalog, CommandJournal journal, Random chances) => Task.WhenAll(
        journal.Commands.Values.Where(c => c.Receipt is not null).OrderBy(_ => chances.Next()).Take(50)
            .Select(async sent => sent.Acknowledged((await catalog.CallAsync(Via.Grpc, sent.Request)).Receipt())));

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;
}
