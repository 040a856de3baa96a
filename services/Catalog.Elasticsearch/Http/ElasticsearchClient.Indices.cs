using System.Text.Json;
using Catalog.Queries;
using Catalog.V1;

namespace Catalog.Elasticsearch.Http;

internal sealed partial class ElasticsearchClient
{
    /// <summary>The indices that an alias stands for.</summary>
    public async Task<IReadOnlyCollection<string>> ResolveAsync(string alias, CancellationToken cancellation)
    {
        try
        {
            return (await ReadAsync(HttpMethod.Get, $"_alias/{alias}", body: null, AnswerContext.Default.DictionaryStringIndexAliases, cancellation)).Keys;
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            return [];
        }
    }

    /// <summary>The indices whose names begin so, with the aliases of each.</summary>
    public async Task<IEnumerable<(string Index, IReadOnlyCollection<string> Aliases)>> ListAsync(string prefix, CancellationToken cancellation)
    {
        var found = await ReadAsync(
            HttpMethod.Get, $"{prefix}*/_alias?expand_wildcards=all", body: null, AnswerContext.Default.DictionaryStringIndexAliases, cancellation);
        return found.Select(pair => (pair.Key, (IReadOnlyCollection<string>)pair.Value.Aliases.Keys));
    }

    /// <summary>What an index says of itself; null if it says nothing.</summary>
    public async Task<IndexMeta?> GetMetaAsync(string index, CancellationToken cancellation)
    {
        var found = await ReadAsync(
            HttpMethod.Get, $"{index}/_mapping?filter_path=*.mappings._meta", body: null, AnswerContext.Default.DictionaryStringIndexMapping, cancellation);
        return found.GetValueOrDefault(index)?.Mappings?.Meta;
    }

    /// <summary>Makes an index; false if there is one of this name.</summary>
    public async Task<bool> CreateAsync(string index, Action<Utf8JsonWriter> body, CancellationToken cancellation)
    {
        try
        {
            await ChangeAllAsync(HttpMethod.Put, index, body, cancellation);
            return true;
        }
        catch (ElasticsearchException e) when (e.Type == "resource_already_exists_exception")
        {
            return false;
        }
    }

    /// <summary>Changes settings of an index.</summary>
    public Task ConfigureAsync(string index, Action<Utf8JsonWriter> settings, CancellationToken cancellation) =>
        ChangeAllAsync(HttpMethod.Put, $"{index}/_settings", settings, cancellation);

    /// <summary>Changes what an index says of itself.</summary>
    public Task DescribeAsync(string index, Action<Utf8JsonWriter> mapping, CancellationToken cancellation) =>
        ChangeAllAsync(HttpMethod.Put, $"{index}/_mapping", mapping, cancellation);

    /// <summary>Moves aliases, all of them or, where one that is to be taken away is not there, none; false then.</summary>
    public async Task<bool> MoveAliasesAsync(IEnumerable<AliasMove> moves, CancellationToken cancellation)
    {
        try
        {
            await ChangeAllAsync(
                HttpMethod.Post, "_aliases",
                json =>
                {
                    json.WriteStartObject();
                    json.WriteStartArray("actions"u8);
                    foreach (var move in moves) move.Write(json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                },
                cancellation);
            return true;
        }
        catch (ElasticsearchException e) when (e.IsMissing)
        {
            return false;
        }
    }

    /// <summary>Removes an index, if it is there.</summary>
    public Task DeleteAsync(string index, CancellationToken cancellation) =>
        ChangeAllAsync(HttpMethod.Delete, $"{index}?ignore_unavailable=true", body: null, cancellation);

    /// <summary>A change that every node must know of before the next step is safe: one that does not would still read and write as before it.</summary>
    private async Task ChangeAllAsync(HttpMethod method, string path, Action<Utf8JsonWriter>? body, CancellationToken cancellation)
    {
        if (!(await ChangeAsync(method, path, body, AnswerContext.Default.Acknowledgement, cancellation)).Acknowledged)
            throw new IndexUnavailableException(ErrorReason.IndexUnavailable, "Not every node of Elasticsearch has taken a change over yet.");
    }
}

/// <summary>An alias that an index gets or loses.</summary>
internal readonly record struct AliasMove(string Index, string Alias, bool Add)
{
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject(Add ? "add"u8 : "remove"u8);
        json.WriteString("index"u8, Index);
        json.WriteString("alias"u8, Alias);
        if (!Add) json.WriteBoolean("must_exist"u8, true);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
