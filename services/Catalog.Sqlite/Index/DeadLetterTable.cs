using Catalog.Projections;
using Catalog.Sqlite.Sql;

namespace Catalog.Sqlite.Index;

/// <summary>
/// The dead letters, beside the index that they are missing from: one that is built anew either takes them or sets them aside again.
/// </summary>
internal static class DeadLetterTable
{
    public static bool Add(Connection connection, DeadLetter letter)
    {
        using var insert = connection.Once("""
            INSERT INTO dead_letters(position, body, reason, time) VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(position) DO UPDATE SET body = excluded.body, reason = excluded.reason, time = excluded.time
            """);
        insert.Bind(1, letter.Position).BindBlob(2, letter.Body.Span).Bind(3, letter.Reason).Bind(4, letter.Time.UtcTicks).Run();
        return true;
    }

    public static IReadOnlyList<DeadLetter> Read(Connection connection, long after, int limit)
    {
        List<DeadLetter> letters = [];
        using var read = connection.Once("SELECT position, body, reason, time FROM dead_letters WHERE position > ?1 ORDER BY position LIMIT ?2");
        read.Bind(1, after).Bind(2, limit);
        while (read.Step())
            letters.Add(new DeadLetter(read.Long(0), read.Blob(1).ToArray(), read.Text(2), new DateTimeOffset(read.Long(3), TimeSpan.Zero)));
        return letters;
    }

    public static bool Remove(Connection connection, long position)
    {
        using var delete = connection.Once("DELETE FROM dead_letters WHERE position = ?1");
        delete.Bind(1, position).Run();
        return true;
    }

    public static long Count(Connection connection) => connection.ReadLong("SELECT count(*) FROM dead_letters");
}
