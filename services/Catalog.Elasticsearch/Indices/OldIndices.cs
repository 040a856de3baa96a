using Catalog.Elasticsearch.Http;

namespace Catalog.Elasticsearch.Indices;

/// <summary>
/// Removes indices that are of no more use: those that were replaced a while ago, and what broke off before it served. One that carries an alias of
/// somebody else is left alone.
/// </summary>
internal sealed class OldIndices(ElasticsearchClient client, IndexNames names, ElasticsearchOptions options, TimeProvider time)
{
    /// <summary>Removes the indices whose grace is over; with the right to build, also those under construction, which nobody can be at work on.</summary>
    public async Task RemoveAsync(bool alsoUnfinished, CancellationToken cancellation)
    {
        foreach (var (index, aliases) in await client.ListAsync(names.Prefix, cancellation))
        {
            if (!names.IsIndex(index)) continue;
            var building = IndexNames.Building(index);
            if (aliases.Count == 0)
            {
                await client.DeleteAsync(index, cancellation);
            }
            else if (aliases.Count == 1 && aliases.First() is var only)
            {
                if (only == building && alsoUnfinished) await AbandonAsync(index, cancellation);
                else if (IndexNames.RetiredAt(index, only) is { } retired && time.GetUtcNow() - retired >= options.OldIndexGrace) await client.DeleteAsync(index, cancellation);
            }
        }
    }

    /// <summary>
    /// Removes an index under construction, unless it was swapped in meanwhile. Without its alias it cannot be, so that it is no index that serves which
    /// is then removed.
    /// </summary>
    public async Task AbandonAsync(string index, CancellationToken cancellation)
    {
        if (await client.MoveAliasesAsync([new AliasMove(index, IndexNames.Building(index), Add: false)], cancellation))
            await client.DeleteAsync(index, cancellation);
    }
}
