using System.Security.Cryptography;
using System.Text;
using Catalog.V1;
using Google.Protobuf;

namespace Catalog.Commands;

/// <summary>
/// What "the same content" means to a request id (G4): method and parsed fields, map entries in the order of their keys, the request id left out. Never the bytes
/// on the wire, which may differ between two sendings of one message.
/// </summary>
internal static class ContentHash
{
    public static byte[] Of(IMessage command)
    {
        IMessage canonical = command switch
        {
            CreateProductRequest create => new CreateProductRequest(create) { RequestId = "" },
            UpdateProductRequest update => new UpdateProductRequest(update) { RequestId = "" },
            ChangePriceRequest price => new ChangePriceRequest(price) { RequestId = "" },
            AdjustStockRequest stock => new AdjustStockRequest(stock) { RequestId = "" },
            ActivateProductRequest activate => new ActivateProductRequest(activate) { RequestId = "" },
            DiscontinueProductRequest discontinue => new DiscontinueProductRequest(discontinue) { RequestId = "" },
            DeleteProductRequest delete => new DeleteProductRequest(delete) { RequestId = "" },
            _ => throw new ArgumentException($"{command.Descriptor.Name} takes no request id.", nameof(command)),
        };
        SortAttributes((canonical as CreateProductRequest)?.Product ?? (canonical as UpdateProductRequest)?.Product);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(command.Descriptor.Name));
        hash.AppendData(canonical.ToByteArray());
        return hash.GetHashAndReset()[..16];
    }

    // A map is serialised in the order of its insertion.
    private static void SortAttributes(Product? product)
    {
        if (product is null || product.Attributes.Count < 2) return;
        var sorted = product.Attributes.OrderBy(a => a.Key, StringComparer.Ordinal).ToList();
        product.Attributes.Clear();
        foreach (var (key, value) in sorted) product.Attributes.Add(key, value);
    }
}
