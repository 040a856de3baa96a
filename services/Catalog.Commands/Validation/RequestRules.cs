using System.Text;
using Catalog.V1;
using Google.Protobuf;
using Google.Type;

namespace Catalog.Commands;

/// <summary>
/// What a command must be like in itself, whatever the product: the limits that the comments of the contract state.
/// </summary>
internal static class RequestRules
{
    public const long MaxStock = 1_000_000_000_000;
    public const int MaxProductBytes = 256 * 1024;
    public const int MaxRequestIdLength = 100;
    private const int MaxMoneyBytes = 64;
    private const int MaxTitle = 512, MaxDescription = 64 * 1024, MaxBrand = 256, MaxCategories = 32, MaxCategory = 256, MaxAttributes = 100, MaxKey = 128, MaxValue = 1024,
        MaxReason = 256, MaxSku = 64;

    /// <summary>Everything that is wrong with a command.</summary>
    public static Violations Check(IMessage command)
    {
        var violations = new Violations();
        switch (command)
        {
            case CreateProductRequest create:
                CheckRequestId(create.RequestId, violations);
                if (create.ProductId.Length > 0 && !ProductName.IsId(create.ProductId))
                    violations.Add("product_id", $"must match {ProductName.IdPattern}");
                if (create.Product is null) violations.Add("product", "is required");
                else
                {
                    CheckContent(create.Product, "product.", static _ => true, violations);
                    CheckMoney(create.Product.Price, "product.price", violations);
                    CheckStock(create.Product.StockQuantity, "product.stock_quantity", violations);
                    CheckWhole(create.Product, violations);
                }
                break;
            case UpdateProductRequest update:
                CheckRequestId(update.RequestId, violations);
                if (update.Product is null) violations.Add("product", "is required");
                else
                {
                    CheckName(update.Product.Name, "product.name", violations);
                    var mask = UpdateMask.Read(update, violations);
                    CheckContent(update.Product, "product.", mask.Covers, violations);
                    // Beyond that many they are not looked at, and the product that they are to go into is another one.
                    if (mask.Covers("attributes")) CheckCount(update.Product, violations);
                }
                break;
            case ChangePriceRequest price:
                CheckRequestId(price.RequestId, violations);
                CheckName(price.Name, "name", violations);
                if (price.Price is null) violations.Add("price", "is required");
                CheckMoney(price.Price, "price", violations);
                break;
            case AdjustStockRequest stock:
                CheckRequestId(stock.RequestId, violations);
                CheckName(stock.Name, "name", violations);
                if (stock.Delta is 0 or < -MaxStock or > MaxStock) violations.Add("delta", $"must be a number of units other than 0, at most {MaxStock} either way");
                CheckText(stock.Reason, "reason", 1, MaxReason, violations);
                break;
            case ActivateProductRequest activate:
                CheckRequestId(activate.RequestId, violations);
                CheckName(activate.Name, "name", violations);
                break;
            case DiscontinueProductRequest discontinue:
                CheckRequestId(discontinue.RequestId, violations);
                CheckName(discontinue.Name, "name", violations);
                break;
            case DeleteProductRequest delete:
                CheckRequestId(delete.RequestId, violations);
                CheckName(delete.Name, "name", violations);
                break;
            case ImportRow row:
                CheckRow(row, violations);
                break;
            default:
                throw new ArgumentException($"{command.Descriptor.Name} is no command.", nameof(command));
        }
        return violations;
    }

    /// <summary>The rules for a product as a whole, which an update of one field can break.</summary>
    public static void CheckWhole(Product product, Violations violations)
    {
        CheckCount(product, violations);
        if (product.CalculateSize() is var size and > MaxProductBytes) violations.Add("product", $"must serialise to at most {MaxProductBytes} bytes, not {size}");
    }

    private static void CheckCount(Product product, Violations violations)
    {
        if (product.Attributes.Count > MaxAttributes) violations.Add("product.attributes", $"must have at most {MaxAttributes} entries, not {product.Attributes.Count}");
    }

    private static void CheckRow(ImportRow row, Violations violations)
    {
        if (row.ProductId.Length > 0 && !ProductName.IsId(row.ProductId)) violations.Add("product_id", $"must match {ProductName.IdPattern}");
        if (row.State is Product.Types.State.Deleted || !Enum.IsDefined(row.State)) violations.Add("state", "must be STATE_DRAFT, STATE_ACTIVE or STATE_DISCONTINUED; DeleteProduct deletes");
        CheckMoney(row.Price, "price", violations);
        CheckStock(row.StockQuantity, "stock_quantity", violations);
        var content = new Product { Sku = row.Sku, Title = row.Title, Description = row.Description, Brand = row.Brand };
        content.Categories.Add(row.Categories);
        content.Attributes.Add(row.Attributes);
        CheckContent(content, "", static _ => true, violations);
        CheckWhole(content, violations);
    }

    private static void CheckContent(Product product, string path, Func<string, bool> covers, Violations violations)
    {
        if (covers("sku") && !IsSku(product.Sku)) violations.Add(path + "sku", $"must be 1 to {MaxSku} of the characters A-Z a-z 0-9 . _ / -");
        if (covers("title")) CheckText(product.Title, path + "title", 1, MaxTitle, violations);
        if (covers("description")) CheckText(product.Description, path + "description", 0, MaxDescription, violations, lines: true);
        if (covers("brand")) CheckText(product.Brand, path + "brand", 0, MaxBrand, violations);
        if (covers("categories"))
        {
            if (product.Categories.Count > MaxCategories) violations.Add(path + "categories", $"must have at most {MaxCategories} entries, not {product.Categories.Count}");
            for (var i = 0; i < Math.Min(product.Categories.Count, MaxCategories); i++)
            {
                CheckText(product.Categories[i], $"{path}categories[{i}]", 1, MaxCategory, violations);
                if (product.Categories.IndexOf(product.Categories[i]) < i) violations.Add($"{path}categories[{i}]", "is there twice");
            }
        }
        if (covers("attributes") && product.Attributes.Count <= MaxAttributes)
            foreach (var (key, value) in product.Attributes)
            {
                CheckText(key, $"{path}attributes", 1, MaxKey, violations);
                CheckText(value, $"{path}attributes[\"{(key.Length <= MaxKey ? key : key[..MaxKey])}\"]", 0, MaxValue, violations, lines: true);
            }
    }

    private static bool IsSku(string sku)
    {
        if (sku.Length is 0 or > MaxSku) return false;
        foreach (var c in sku)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '/' or '-')) return false;
        return true;
    }

    private static void CheckName(string name, string field, Violations violations)
    {
        if (!ProductName.TryParse(name, out _)) violations.Add(field, $"must be \"products/\" and an id that matches {ProductName.IdPattern}");
    }

    private static void CheckRequestId(string id, Violations violations)
    {
        if (id.Length > MaxRequestIdLength || id.AsSpan().ContainsAnyExceptInRange('!', '~'))
            violations.Add("request_id", $"must be at most {MaxRequestIdLength} visible ASCII characters, such as a UUID");
    }

    private static void CheckStock(long quantity, string field, Violations violations)
    {
        if (quantity is < 0 or > MaxStock) violations.Add(field, $"must be 0 to {MaxStock}");
    }

    private static void CheckMoney(Money? money, string field, Violations violations)
    {
        if (money is null) return;
        // What this build does not know in it would be kept, whatever its size.
        if (money.CalculateSize() > MaxMoneyBytes) violations.Add(field, $"must serialise to at most {MaxMoneyBytes} bytes: an amount and its currency take fewer");
        if (money.CurrencyCode.Length != 3 || money.CurrencyCode.AsSpan().ContainsAnyExceptInRange('A', 'Z'))
            violations.Add(field + ".currency_code", "must be an ISO 4217 code of three capital letters, such as USD");
        if (money.Units is < 0 or > Amount.MaxUnits) violations.Add(field + ".units", $"must be 0 to {Amount.MaxUnits}");
        if (money.Nanos is < 0 or >= (int)Amount.NanosPerUnit) violations.Add(field + ".nanos", "must be 0 to 999999999");
        else if (money.Units == Amount.MaxUnits && money.Nanos > 0) violations.Add(field, $"must be at most {Amount.MaxUnits} units");
    }

    private static void CheckText(string text, string field, int min, int max, Violations violations, bool lines = false)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes < min) violations.Add(field, "must not be empty");
        else if (bytes > max) violations.Add(field, $"must be at most {max} bytes of UTF-8, not {bytes}");
        foreach (var c in text)
        {
            if (c == '\uFFFD')
            {
                violations.Add(field, "holds the replacement character U+FFFD: the text was damaged before it came here, or it was not UTF-8");
                return;
            }
            if (char.IsControl(c) && !(lines && c is '\n' or '\r' or '\t'))
            {
                violations.Add(field, $"must not hold the control character U+{(int)c:X4}");
                return;
            }
        }
    }
}
