using Catalog.Kafka;
using Catalog.Kafka.Projecting;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.Kafka;

public sealed class StandstillTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Standstill _standstill;

    public StandstillTests() => _standstill = new Standstill(_time);

    [Fact]
    public void A_partition_that_gets_more_and_gets_nowhere_for_a_minute_stands_still()
    {
        See(0, 5, 5);
        See(1, 5, 6);
        for (var second = 2; second < 63; second++) Assert.Null(See(second, 5, second + 5));
        Assert.Equal(0, See(63, 5, 70));
    }

    [Fact]
    public void One_that_gets_on_does_not_however_far_behind_it_is()
    {
        for (var second = 0; second < 1000; second++) Assert.Null(See(second, second / 30, 10_000 + second));
    }

    [Fact]
    public void One_that_only_lacks_what_is_nobodys_to_pass_does_not()
    {
        for (var second = 0; second < 1000; second++) Assert.Null(See(second, 5, 6));
        // Long after, something comes, and is passed soon.
        Assert.Null(See(1000, 5, 8));
        Assert.Null(See(1001, 7, 8));
        for (var second = 1002; second < 2000; second++) Assert.Null(See(second, 7, 8));
    }

    [Fact]
    public void Who_did_not_look_or_did_not_know_has_not_seen_it_stand()
    {
        for (var second = 0; second < 60; second++) Assert.Null(See(second, 5, second + 6));
        Assert.Null(See(600, 5, 1000));
        Assert.Null(See(601, 5, 1001));
        for (var second = 602; second < 650; second++) Assert.Null(See(second, 5, second + 500));
        At(650);
        Assert.Null(_standstill.Find(null, _ => true));
        for (var second = 651; second < 700; second++) Assert.Null(See(second, 5, second + 500));
    }

    [Fact]
    public void What_is_for_others_to_pass_is_not_looked_at()
    {
        for (var second = 0; second < 1000; second++)
        {
            At(second);
            Assert.Null(_standstill.Find(new Dictionary<int, Passage> { [3] = new(5, second + 6) }, p => p != 3));
        }
    }

    private int? See(int second, long passed, long end)
    {
        At(second);
        return _standstill.Find(new Dictionary<int, Passage> { [0] = new(passed, end) }, _ => true);
    }

    private void At(int second) => _time.SetUtcNow(DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(1_000_000_000 + second));
}
