namespace Catalog.Bench;

/// <summary>The parts of the bench, in the order in which they run.</summary>
internal static class Parts
{
    public static readonly Dictionary<string, Func<Settings, Report, CancellationToken, Task>> All = new()
    {
        ["calls"] = Calls.RunAsync,
        ["import"] = ImportAndSearch.RunAsync,
        ["start"] = Start.RunAsync,
        ["queue"] = Queue.RunAsync,
        ["gateway"] = Gateway.RunAsync,
    };

    public static async Task<int> RunAsync(Settings settings, CancellationToken stop)
    {
        if (!File.Exists(settings.Catalog))
        {
            await Console.Error.WriteLineAsync($"There is no program {settings.Catalog}: build it with `dotnet build -c Release services/Standalone`, or name one with --catalog.");
            return 2;
        }
        var load = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0]);
        if (load > 0.5) Console.WriteLine($"The machine is busy with other things (load {load} on {Environment.ProcessorCount} cores): do not trust these figures.\n");
        var report = new Report(load);
        foreach (var (name, part) in All)
        {
            if (settings.Only.Length > 0 && !settings.Only.Contains(name)) continue;
            Console.WriteLine(name);
            await part(settings, report, stop);
        }
        report.Write(settings);
        return 0;
    }
}
