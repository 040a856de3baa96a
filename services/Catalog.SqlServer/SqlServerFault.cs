using System.Security.Authentication;
using Catalog.SqlServer.Commands;
using Catalog.SqlServer.Sql;
using Google.Protobuf;
using Microsoft.Data.SqlClient;

namespace Catalog.SqlServer;

/// <summary>What the failures of SQL Server mean: to the code that tries again, and to the person who runs the service.</summary>
internal static class SqlServerFault
{
    private const int DuplicateKey = 2601, UniqueConstraint = 2627;

    // Locks and snapshots: 1204 1205 1222 3960 3961. The server is short of something: 701 802 8628 8645 8651 10928 10929 10936. The database starts, moves or is taken over:
    // 615 904 921 922 926 927 945 976 978 983 5061 6005 17142 18401 35201 35250 40143 40197 40501 40540 40613 42108 42109 49918 49919 49920 4221. It is a copy: 3906 and ours.
    // The session was ended: 596. The connection: the rest, as numbered by Windows, by Linux and by the driver (-1, -2, 0, 2, 20, 53, 64, 121, 233, 258 …).
    private static readonly HashSet<int> Transient =
    [
        1204, 1205, 1222, 3960, 3961,
        701, 802, 8628, 8645, 8651, 10928, 10929, 10936,
        615, 904, 921, 922, 926, 927, 945, 976, 978, 983, 4221, 5061, 6005, 17142, 18401, 35201, 35250, 40143, 40197, 40501, 40540, 40613, 42108, 42109, 49918, 49919, 49920, 3906, Statements.ReadOnly,
        596, -2, -1, 0, 2, 20, 26, 35, 40, 53, 64, 121, 233, 258, 10053, 10054, 10060, 10061, 10065, 11001, 17830, 19, 104, 110, 111, 113,
    ];

    /// <summary>Another writer was first, to the product, its id, a SKU or the receipt: load again and decide anew.</summary>
    public static bool IsConflict(this SqlException error) => error.Number is DuplicateKey or UniqueConstraint or Statements.WrittenMeanwhile;

    /// <summary>The victim of a deadlock: rolled back, for certain.</summary>
    public static bool IsDeadlock(this SqlException error) => error.Number == 1205;

    /// <summary>Whether a product has the SKU already. The names of the other constraints and the ids that an error quotes cannot contain the index's; a request id that does is known by its receipt.</summary>
    public static bool IsSkuTaken(this SqlException error) => error.Number is DuplicateKey or UniqueConstraint && error.Message.Contains(Statements.SkuIndex, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the database that was reached is a copy, or was the primary before.</summary>
    public static bool IsOnCopy(this Exception error) => error is SqlException { Number: 3906 or Statements.ReadOnly };

    /// <summary>Whether it may go well a moment later. A certificate that is not trusted will not.</summary>
    public static bool IsTransient(this Exception error) => error switch
    {
        SqlException e => !IsAboutCertificates(e) && (e.Class >= 20 && e.Number is not (18456 or 4060) || e.Errors.Cast<SqlError>().Any(one => IsTransient(one.Number))),
        // The driver says so where no connection of the pool became free in time, and where one was lost between two statements.
        InvalidProtocolBufferException => false,
        InvalidOperationException or IOException or TimeoutException => true,
        // So the driver may say that it ran out of time, which nobody cancelled (https://github.com/dotnet/SqlClient/issues/4374).
        OperationCanceledException or NullReferenceException { Source: "Microsoft.Data.SqlClient" } => true,
        _ => false,
    };

    /// <inheritdoc cref="IsTransient(Exception)" />
    public static bool IsTransient(int number) => Transient.Contains(number);

    /// <summary>What went wrong and what to do about it. Holds no secret: the driver's messages name no password.</summary>
    public static string Explain(Exception error, SqlConnectionStringBuilder connection) => error switch
    {
        SqlException e when IsAboutCertificates(e) => Untrusted(connection),
        SqlException e => Explain(e.Number, e.Message, connection),
        InvalidOperationException when error.IsTransient() => $"No connection to {Name(connection)} became free in time. It answers too slowly, or CommandDatabase:MaxConcurrency is too high for it.",
        _ when error.IsTransient() => Explain(-2, error.Message, connection),
        InvalidProtocolBufferException or DefectException { InnerException: InvalidProtocolBufferException } =>
            $"{Name(connection)} is damaged: a product in it cannot be read. The others are served. Restore a backup of the database, and then run \"restored\".",
        _ => "The command failed; the service's log says how.",
    };

    /// <inheritdoc cref="Explain(Exception, SqlConnectionStringBuilder)" />
    public static string Explain(int number, string message, SqlConnectionStringBuilder connection) => number switch
    {
        18456 or 18452 or 18470 or 18487 or 18488 => $"The login at {connection.DataSource} failed. Check user and password in CommandDatabase:ConnectionString.",
        4060 or 911 => $"The database {connection.InitialCatalog} at {connection.DataSource} cannot be opened. Create it, and give the service's user access to it.",
        229 or 230 or 262 or 297 or 300 or 2760 or 15247 =>
            $"The service's user may not do this in {Name(connection)} ({message}). The service needs SELECT, INSERT, UPDATE and DELETE on its schema; \"migrate\" needs to create schemas and tables.",
        208 or 207 or 2812 => $"{Name(connection)} does not have the tables of this build ({message}). Run the verb \"migrate\".",
        1101 or 1105 or 9002 or 3257 or 40544 => $"The disk or the quota of {Name(connection)} is full ({message}). Free some space; the service goes on by itself.",
        3906 or Statements.ReadOnly => $"{Name(connection)} is read-only. Point the connection string at the primary.",
        1205 or 1222 or Statements.WrittenMeanwhile => $"Too many writers at {Name(connection)} want the same rows at once. Repeat the command.",
        -2 => $"{Name(connection)} did not answer in time. Repeat the command.",
        _ when IsTransient(number) => $"{Name(connection)} cannot be reached ({message}).",
        _ => $"{Name(connection)}: {message}",
    };

    private static string Untrusted(SqlConnectionStringBuilder connection) =>
        $"The certificate of {connection.DataSource} is not trusted. Install the authority that issued it where the service runs (and see that it names this server); TrustServerCertificate=true is for development only.";

    // Windows: SEC_E_UNTRUSTED_ROOT, SEC_E_WRONG_PRINCIPAL, CERT_E_CN_NO_MATCH. Elsewhere the cause is .NET's.
    private static bool IsAboutCertificates(SqlException error)
    {
        if (error.Number is -2146893019 or -2146893022 or -2146762481) return true;
        for (Exception? cause = error.InnerException; cause is not null; cause = cause.InnerException)
            if (cause is AuthenticationException) return true;
        return false;
    }

    private static string Name(SqlConnectionStringBuilder connection) => $"{connection.InitialCatalog} at {connection.DataSource}";
}
