using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Catalog.Elasticsearch.Http;

/// <summary>An index and the aliases that it carries.</summary>
internal sealed record IndexAliases(Dictionary<string, JsonElement> Aliases);

internal sealed record IndexMapping(IndexMappings? Mappings);

internal sealed record IndexMappings([property: JsonPropertyName("_meta")] IndexMeta? Meta);

/// <summary>What an index says of itself.</summary>
/// <param name="LogId">The event log that it follows.</param>
/// <param name="Schema">The schema of its documents.</param>
/// <param name="Position">Up to where it holds the log.</param>
/// <param name="Finished">Whether it holds the log up to a head that was read after it began to serve; null in those made by builds that did not say.</param>
/// <param name="Time">When it said so.</param>
internal sealed record IndexMeta(string? LogId, int Schema, long Position, bool? Finished, DateTimeOffset? Time);

/// <summary>Whether every node knows of a change.</summary>
internal sealed record Acknowledgement(bool Acknowledged);

/// <summary>What Elasticsearch has to say of a failure.</summary>
internal sealed record ErrorCause(string? Type, string? Reason);

internal sealed record BulkAnswer(bool Errors, IReadOnlyList<BulkItem> Items);

internal sealed record BulkItem(BulkResult Index);

internal sealed record BulkResult(int Status, ErrorCause? Error);

internal sealed record DocumentsAnswer(IReadOnlyList<DocumentAnswer> Docs);

/// <summary>A document that was asked for by its id.</summary>
internal sealed record DocumentAnswer(
    bool Found, [property: JsonPropertyName("_version")] long Version, [property: JsonPropertyName("_source")] StoredProduct? Source, ErrorCause? Error);

/// <summary>What is stored of a product beside what is indexed; without a body it is a tombstone.</summary>
internal sealed record StoredProduct(byte[]? Body);

internal sealed record SearchAnswer(HitsAnswer Hits, Dictionary<string, AggregationAnswer>? Aggregations);

internal sealed record HitsAnswer(TotalAnswer? Total, IReadOnlyList<HitAnswer> Hits);

internal sealed record TotalAnswer(long Value);

internal sealed record HitAnswer([property: JsonPropertyName("_source")] StoredProduct? Source, IReadOnlyList<JsonElement>? Sort);

/// <summary>What one aggregation says: its buckets, or those of the aggregations in it, by their names.</summary>
internal sealed record AggregationAnswer(IReadOnlyList<BucketAnswer> Buckets, AggregationAnswer? Named, AggregationAnswer? Each);

internal sealed record BucketAnswer(string? Key, long DocCount, NumberAnswer? Version);

internal sealed record NumberAnswer(double? Value);

internal sealed record RefreshAnswer([property: JsonPropertyName("_shards")] ShardsAnswer Shards);

internal sealed record ShardsAnswer(int Failed, int Successful);

internal sealed record NoteAnswer(
    [property: JsonPropertyName("_seq_no")] long SeqNo, [property: JsonPropertyName("_primary_term")] long PrimaryTerm,
    [property: JsonPropertyName("_source")] Note? Source)
{
    /// <summary>Where the document stands, so that it is replaced only if nobody did so meanwhile.</summary>
    public NotePlace Place => new(SeqNo, PrimaryTerm);
}

/// <summary>The place of a write among the writes of an index.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct NotePlace(long SeqNo, long PrimaryTerm)
{
    /// <summary>That it is still the newest of its document.</summary>
    public string Condition => $"if_seq_no={SeqNo}&if_primary_term={PrimaryTerm}";
}

internal sealed record NotesAnswer(NotesHits Hits);

internal sealed record NotesHits(IReadOnlyList<NoteAnswer> Hits);

/// <summary>What one part of the system tells the others, in the index of the status. Times are milliseconds of Unix time.</summary>
internal sealed record Note
{
    public const string Relay = "relay", Projector = "projector", Rebuild = "rebuild";

    /// <summary>Who tells it.</summary>
    public required string Kind { get; init; }

    /// <summary>When.</summary>
    public required long Time { get; init; }

    public string? LogId { get; init; }

    public long? Epoch { get; init; }

    public long? Backlog { get; init; }

    public long? Oldest { get; init; }

    public bool? DirectSync { get; init; }

    public string? Name { get; init; }

    public long? Lag { get; init; }

    public long? DeadLetters { get; init; }

    /// <summary>Which process rebuilds.</summary>
    public string? Owner { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Dictionary<string, IndexAliases>))]
[JsonSerializable(typeof(Dictionary<string, IndexMapping>))]
[JsonSerializable(typeof(Acknowledgement))]
[JsonSerializable(typeof(BulkAnswer))]
[JsonSerializable(typeof(DocumentsAnswer))]
[JsonSerializable(typeof(SearchAnswer))]
[JsonSerializable(typeof(RefreshAnswer))]
[JsonSerializable(typeof(NoteAnswer))]
[JsonSerializable(typeof(NotesAnswer))]
[JsonSerializable(typeof(Note))]
internal sealed partial class AnswerContext : JsonSerializerContext;
