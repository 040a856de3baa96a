using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.SqlServer;
using Catalog.Tests.Commands;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Catalog.Tests.SqlServer;

[Collection(TestSchema.Server)]
public sealed class SqlServerCommandStoreTests : CommandStoreContract
{
    protected override async Task<ICommandStoreUnderTest> OpenAsync() => new UnderTest(await TestSchema.MigrateAsync());

    internal static ServiceProvider Services(SqlServerOptions options, TimeProvider? time = null) =>
        new ServiceCollection().AddLogging().AddSingleton(time ?? TimeProvider.System).AddSqlServer(options).BuildServiceProvider();

    private sealed class UnderTest(TestSchema schema) : ICommandStoreUnderTest
    {
        private ServiceProvider _services = Services(schema.Options);

        public ICommandStore Store => _services.GetRequiredService<ICommandStore>();

        public IEventLog Log => _services.GetRequiredService<IEventLog>();

        public IProductStates States => _services.GetRequiredService<IProductStates>();

        public IOutbox Outbox => _services.GetRequiredService<IOutbox>();

        public async Task TrimAsync(long passed)
        {
            await using var later = Services(schema.Options, new FakeTimeProvider(DateTimeOffset.UtcNow.AddYears(10)));
            await later.GetRequiredService<IRetention>().RunAsync(passed, default);
        }

        public async Task ReopenAsync()
        {
            await _services.DisposeAsync();
            _services = Services(schema.Options);
        }

        public async ValueTask DisposeAsync()
        {
            await _services.DisposeAsync();
            await schema.DisposeAsync();
        }
    }
}
