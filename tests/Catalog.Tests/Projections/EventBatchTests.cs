using Catalog.Projections;
using Catalog.Tests.Kafka;
using Catalog.V1;
using Google.Protobuf.WellKnownTypes;

namespace Catalog.Tests.Projections;

public sealed class EventBatchTests
{
    private static readonly DateTimeOffset Noon = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Only_what_a_write_brought_into_the_index_has_a_delay()
    {
        var indexes = new MemoryIndexSet { Reject = product => product.Name == "products/bad" ? "It is bad." : null };
        indexes.Current!.Take(new Product { Name = "products/known", Version = 2 });
        var batch = new EventBatch<int>();
        batch.Add(Event("known", 2, minute: 0), 0);
        batch.Add(Event("new", 1, minute: 1), 1);
        batch.Add(Event("bad", 1, minute: 2), 2);
        batch.Add(Event("known", 1, minute: 3), 3);
        batch.Add(Event("new", 2, minute: 4), 4);

        Assert.Equal([(2, "It is bad.")], await batch.WriteAsync((await indexes.GetCurrentAsync(TestContext.Current.CancellationToken))!, TestContext.Current.CancellationToken));
        Assert.Equal(5, batch.Count);
        Assert.Equal([Noon.AddMinutes(1), Noon.AddMinutes(4)], batch.Occurred);
    }

    private static ProductEvent Event(string id, long version, int minute)
    {
        var name = $"products/{id}";
        return new ProductEvent { Name = name, Version = version, Product = new Product { Name = name, Version = version }, OccurredTime = Timestamp.FromDateTimeOffset(Noon.AddMinutes(minute)) };
    }
}
