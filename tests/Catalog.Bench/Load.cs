using System.Diagnostics;

namespace Catalog.Bench;

/// <summary>Load with a fixed number of callers, each of which has one call under way at any time.</summary>
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
