using System.Diagnostics;

namespace Catalog.Standalone.Import;

/// <summary>One line at the bottom of a terminal that tells how far the import is, written anew five times a second.</summary>
internal sealed class ProgressLine : IAsyncDisposable
{
    private const int BarWidth = 30;

    private readonly ImportFile _file;
    private readonly ImportTotals _totals;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Timer? _timer;

    private ProgressLine(ImportFile file, ImportTotals totals, bool show)
    {
        _file = file;
        _totals = totals;
        if (show) _timer = new Timer(_ => Console.Error.Write($"\r{Text()}\e[K"), null, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.2));
    }

    /// <summary>Shows the line until it is disposed of, if standard error is a terminal and nobody asked for quiet.</summary>
    public static ProgressLine Show(ImportFile file, ImportTotals totals, bool quiet) => new(file, totals, !quiet && !Console.IsErrorRedirected);

    public async ValueTask DisposeAsync()
    {
        if (_timer is null) return;
        await _timer.DisposeAsync();
        Console.Error.Write("\r\e[K");
    }

    private string Text()
    {
        var rows = _totals.Rows;
        var counts = $"{rows:N0} rows  {rows / Stopwatch.GetElapsedTime(_started).TotalSeconds:N0} rows/s  {_totals.Failed:N0} failed";
        if (_file.Fraction is not { } fraction) return counts;
        var full = (int)(fraction * BarWidth);
        return $"[{new string('#', full)}{new string('-', BarWidth - full)}] {fraction * 100,3:N0} %  {counts}";
    }
}
