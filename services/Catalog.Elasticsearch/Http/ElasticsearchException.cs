namespace Catalog.Elasticsearch.Http;

/// <summary>Elasticsearch refuses a request. Repeating it does not help.</summary>
public sealed class ElasticsearchException : Exception
{
    /// <param name="status">The HTTP status.</param>
    /// <param name="cause">What it says.</param>
    internal ElasticsearchException(int status, ErrorCause? cause) : base($"Elasticsearch answered {status}: {cause?.Type}: {cause?.Reason}") => (Status, Type) = (status, cause?.Type);

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>Elasticsearch's name of the error; null where it gives none.</summary>
    public string? Type { get; }

    /// <summary>The index is not there.</summary>
    public bool IsMissing => Status == 404;

    /// <summary>Somebody else wrote in between.</summary>
    public bool IsConflict => Status == 409;
}
