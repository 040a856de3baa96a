namespace Catalog.Elasticsearch.Http;

/// <summary>Elasticsearch refuses a request. Repeating it does not help.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="cause">What it says.</param>
internal sealed class ElasticsearchException(int status, ErrorCause? cause) : Exception($"Elasticsearch answered {status}: {cause?.Type}: {cause?.Reason}")
{
    public int Status { get; } = status;

    public string? Type { get; } = cause?.Type;

    /// <summary>The index is not there.</summary>
    public bool IsMissing => Status == 404;

    /// <summary>Somebody else wrote in between.</summary>
    public bool IsConflict => Status == 409;
}
