using System.Text.Json;

namespace Catalog.Elasticsearch.Indices;

/// <summary>What an index of products is made of. Only types that every Elasticsearch has; nothing is guessed from the documents.</summary>
/// <remarks>
/// <para>Stored is the serialised product alone: of what is indexed beside it, nothing is ever read back.</para>
/// <para>The texts are terms as the tokenizer of the query side makes them, with spaces between; the values of a field are a gap apart, which no phrase
/// crosses. They have no norms and the like, because the rank is of our own making. What sorts is a key made in C#; what is searched for parts is
/// in lower case. Attributes are <c>key NUL value</c>, so that their number has no limit.</para>
/// </remarks>
internal static class IndexSchema
{
    /// <summary>Changes whenever a document of before would not do any more: the index is then built anew.</summary>
    public const int Version = 1;

    private static ReadOnlySpan<byte> Analysis => """
        {
          "tokenizer": { "terms": { "type": "whitespace", "max_token_length": 1024 } },
          "analyzer": { "terms": { "type": "custom", "tokenizer": "terms" } }
        }
        """u8;

    private static ReadOnlySpan<byte> Properties => """
        {
          "body": { "type": "binary" },
          "name": { "type": "keyword" },
          "sku": { "type": "keyword" },
          "sku_sort": { "type": "keyword", "index": false },
          "title": { "type": "keyword", "doc_values": false },
          "title_lower": { "type": "keyword" },
          "title_sort": { "type": "keyword" },
          "title_terms": { "type": "text", "analyzer": "terms", "norms": false, "index_options": "docs", "index_prefixes": { "min_chars": 1, "max_chars": 4 } },
          "title_words": { "type": "short", "index": false },
          "brand": { "type": "keyword" },
          "brand_lower": { "type": "keyword" },
          "brand_sort": { "type": "keyword", "index": false },
          "categories": { "type": "keyword" },
          "attributes": { "type": "keyword" },
          "attributes_lower": { "type": "keyword" },
          "attribute_keys": { "type": "keyword", "doc_values": false },
          "price": { "type": "long" },
          "currency": { "type": "keyword" },
          "stock": { "type": "long" },
          "state": { "type": "keyword" },
          "created": { "type": "long" },
          "updated": { "type": "long" },
          "version": { "type": "long" },
          "naming": { "type": "text", "analyzer": "terms", "norms": false },
          "describing": { "type": "text", "analyzer": "terms", "norms": false },
          "prose": { "type": "text", "analyzer": "terms", "norms": false }
        }
        """u8;

    /// <summary>Writes what makes an index that is about to be filled.</summary>
    public static void Write(Utf8JsonWriter json, ElasticsearchOptions options, string logId, string alias)
    {
        json.WriteStartObject();
        json.WriteStartObject("settings"u8);
        json.WriteNumber("number_of_shards"u8, options.Shards);
        json.WriteNumber("number_of_replicas"u8, options.Replicas);
        json.WriteString("refresh_interval"u8, "-1"u8);
        json.WritePropertyName("analysis"u8);
        json.WriteRawValue(Analysis, skipInputValidation: true);
        json.WriteEndObject();
        json.WriteStartObject("mappings"u8);
        json.WriteBoolean("dynamic"u8, false);
        WriteMetaField(json, logId, position: 0, finished: false);
        json.WriteStartObject("_source"u8);
        json.WriteStartArray("includes"u8);
        json.WriteStringValue("body"u8);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WritePropertyName("properties"u8);
        json.WriteRawValue(Properties, skipInputValidation: true);
        json.WriteEndObject();
        json.WriteStartObject("aliases"u8);
        json.WriteStartObject(alias);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Writes what an index says of itself: see <see cref="Http.IndexMeta"/>.</summary>
    public static void WriteMeta(Utf8JsonWriter json, string logId, long position, bool finished, DateTimeOffset time)
    {
        json.WriteStartObject();
        WriteMetaField(json, logId, position, finished, time);
        json.WriteEndObject();
    }

    private static void WriteMetaField(Utf8JsonWriter json, string logId, long position, bool finished, DateTimeOffset? time = null)
    {
        json.WriteStartObject("_meta"u8);
        json.WriteString("log_id"u8, logId);
        json.WriteNumber("schema"u8, Version);
        json.WriteNumber("position"u8, position);
        json.WriteBoolean("finished"u8, finished);
        // So that it is a change each time, of which every node is told.
        if (time is { } now) json.WriteString("time"u8, now);
        json.WriteEndObject();
    }

    /// <summary>Writes the settings of an index that serves.</summary>
    public static void WriteServing(Utf8JsonWriter json, ElasticsearchOptions options)
    {
        json.WriteStartObject();
        json.WriteString("index.refresh_interval"u8, $"{options.RefreshInterval.TotalMilliseconds:0}ms");
        json.WriteEndObject();
    }
}
