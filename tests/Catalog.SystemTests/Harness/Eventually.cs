using System.Diagnostics;

namespace Catalog.SystemTests;

/// <summary>Waits for something to become true, by looking again and again until a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a busy machine may take for what takes an idle one no time.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Task TrueAsync(string what, Func<bool> condition, TimeSpan? within = null) => TrueAsync(what, () => Task.FromResult(condition()), within);

    public static Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? within = null) => NothingMissingAsync(what, async () => await condition() ? null : "", within);

    /// <summary>Waits until nothing is missing; says what was, if it takes too long.</summary>
    public static async Task NothingMissingAsync(string what, Func<Task<string?>> missing, TimeSpan? within = null)
    {
        var clock = Stopwatch.StartNew();
        while (await missing() is { } still)
        {
            if (clock.Elapsed > (within ?? Patience)) Assert.Fail($"Not within {(within ?? Patience).TotalSeconds:0} s: {what}{(still.Length == 0 ? "" : $"; {still}")}");
            await Task.Delay(Pause);
        }
    }
}
