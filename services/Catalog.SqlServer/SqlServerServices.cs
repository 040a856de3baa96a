using Catalog.Commands;
using Catalog.Commands.Relaying;
using Catalog.Projections;
using Catalog.SqlServer.Commands;
using Catalog.SqlServer.Log;
using Catalog.SqlServer.Relaying;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Catalog.SqlServer;

/// <summary>Puts the command database on SQL Server into a host.</summary>
public static class SqlServerServices
{
    /// <summary>
    /// Adds <see cref="ICommandStore"/>, <see cref="IEventLog"/>, <see cref="IProductStates"/>, <see cref="IOutbox"/>, <see cref="IRetention"/>,
    /// <see cref="SqlServerMigrator"/> for the verb <c>migrate</c>, and <see cref="SqlServerDatabase"/> for readiness. Nothing is connected to before its first use.
    /// </summary>
    /// <param name="services">The host's services; logging is there.</param>
    /// <param name="options">The section <c>CommandDatabase</c>, without <see cref="SqlServerOptions.Problems"/>.</param>
    /// <exception cref="InvalidOperationException">The host is built without cultures, which the driver needs to read text.</exception>
    public static IServiceCollection AddSqlServer(this IServiceCollection services, SqlServerOptions options)
    {
        // The driver says so only at the first connection.
        if (AppContext.TryGetSwitch("System.Globalization.Invariant", out var invariant) && invariant)
            throw new InvalidOperationException("A host on SQL Server must be built with <InvariantGlobalization>false</InvariantGlobalization>, and run where ICU is installed.");
        // Connections are made one after another; without it each who waits for one begins to wait anew, and the last of a hundred waits for minutes.
        AppContext.SetSwitch("Switch.Microsoft.Data.SqlClient.UseOverallConnectTimeoutForPoolWait", true);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<CommandMetrics>();
        services.AddSingleton(s => new SqlServerDatabase(options, s.GetRequiredService<ILogger<SqlServerDatabase>>()));
        services.AddSingleton<SqlServerMigrator>();
        services.AddSingleton<LogTail>();
        services.AddSingleton<ICommandStore, SqlServerCommandStore>();
        services.AddSingleton<IEventLog, SqlServerEventLog>();
        services.AddSingleton<IProductStates, SqlServerProductStates>();
        services.AddSingleton<IOutbox, SqlServerOutbox>();
        services.AddSingleton<IRetention, SqlServerRetention>();
        return services;
    }
}
