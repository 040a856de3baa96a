using System.Buffers.Binary;
using System.Security.Cryptography;
using Catalog.Internal.V1;
using Catalog.Queries.Filtering;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Queries;

/// <summary>Page tokens: where the page before ended, bound to the query that it was a page of.</summary>
internal static class PageTokens
{
    /// <summary>A hash of everything that must stay the same from page to page.</summary>
    public static ulong HashOf(SearchProductsRequest request)
    {
        var query = request.Clone();
        query.PageSize = 0;
        query.PageToken = "";
        query.ConsistencyTokens.Clear();
        return BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(query.ToByteArray()));
    }

    /// <summary>The token for the page that follows.</summary>
    public static string Write(PageEnd end, ulong queryHash)
    {
        var token = new PageToken { QueryHash = queryHash, ProductId = end.ProductId };
        foreach (var value in end.Values)
        {
            token.SortKey.Add(value switch
            {
                null => new SortValue(),
                long number => new SortValue { Number = number },
                double score => new SortValue { Score = score },
                byte[] text => new SortValue { Text = ByteString.CopyFrom(text) },
                _ => throw new ArgumentException($"A sort key holds no {value.GetType()}.", nameof(end)),
            });
        }
        return OpaqueText.Encode(token);
    }

    /// <summary>Where the page before ended; null for the first page. A token that does not fit is a violation.</summary>
    public static PageEnd? Read(SearchProductsRequest request, IReadOnlyList<SortBy> order, Violations violations)
    {
        if (request.PageToken.Length == 0) return null;
        if (!OpaqueText.TryDecode(request.PageToken, PageToken.Parser, out var token))
        {
            violations.Add("page_token", "is not a page token, or was damaged on its way");
            return null;
        }
        if (token.QueryHash != HashOf(request))
        {
            violations.Add("page_token", "is of another query; only page_size, page_token and consistency_tokens may change from page to page");
            return null;
        }
        object?[] values = [.. token.SortKey.Select(ValueOf)];
        if (ProductName.IsId(token.ProductId) && values.Length == order.Count && values.Zip(order).All(pair => Fits(pair.First, pair.Second)))
            return new PageEnd(values, token.ProductId);
        violations.Add("page_token", "was made by another version of the service; start again from the first page");
        return null;
    }

    private static object? ValueOf(SortValue value) => value.ValueCase switch
    {
        SortValue.ValueOneofCase.Number => value.Number,
        SortValue.ValueOneofCase.Score => value.Score,
        SortValue.ValueOneofCase.Text => value.Text.ToByteArray(),
        _ => null,
    };

    private static bool Fits(object? value, SortBy by) => by.Field?.Kind switch
    {
        null => value is double score && double.IsFinite(score),
        FieldKind.Price or FieldKind.StockQuantity or FieldKind.CreateTime or FieldKind.UpdateTime => value is null or long,
        _ => value is null or byte[],
    };
}
