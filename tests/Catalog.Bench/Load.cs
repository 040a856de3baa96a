using System.Diagnostics;

namespace Catalog.Bench;

/// <summary>Load with a fixed number of callers, each of which has one call under way at any time, or with a fixed number of calls in a second.</summary>
internal static class Load
{
    /// <summary>How many calls finish in a second.</summary>
    public static async Task<double> PerSecondAsync(int callers, TimeSpan duration, Func<Task> call)
    {
        var finished = 0L;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                await call();
                Interlocked.Increment(ref finished);
            }
        })));
        return finished / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Begins so many calls, so many in a second, whatever becomes of them; returns when all have ended.</summary>
    public static async Task PacedAsync(int perSecond, int count, Func<int, Task> call, CancellationToken stop)
    {
        var running = new List<Task>(count);
        var started = Stopwatch.GetTimestamp();
        for (var number = 0; number < count; number++)
        {
            var due = TimeSpan.FromSeconds((double)number / perSecond) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, stop);
            running.Add(call(number));
        }
        await Task.WhenAll(running);
    }

    /// <summary>How long a call takes, in milliseconds.</summary>
    public static async Task<double> MillisecondsAsync(Func<Task> call)
    {
        var started = Stopwatch.GetTimestamp();
        await call();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    public static double Median(IEnumerable<double> values) => Percentile(values, 50);

    /// <summary>The smallest value that at least this share of the values do not exceed.</summary>
    public static double Percentile(IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(percent / 100 * sorted.Length) - 1)];
    }
}
