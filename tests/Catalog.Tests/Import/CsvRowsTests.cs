using Catalog.Standalone.Import;
using Catalog.V1;
using Google.Type;

namespace Catalog.Tests.Import;

public class CsvRowsTests
{
    private const string Header = "product_id,sku,title,description,brand,categories,price,currency,stock_quantity,state,attributes.color,attributes.Max Load\n";

    [Fact]
    public void A_record_is_a_row_with_the_number_of_its_line()
    {
        var row = Assert.Single(RowReading.Csv(Header + "mug-1,M/1,Mug ☕,A mug.,Bräu,Kitchen | Cups,19.99,USD,5,ACTIVE,red,3 kg\n")).Row;
        Assert.Equal(
            new ImportRow
            {
                Row = 2, ProductId = "mug-1", Sku = "M/1", Title = "Mug ☕", Description = "A mug.", Brand = "Bräu", Categories = { "Kitchen", "Cups" },
                Attributes = { ["color"] = "red", ["Max Load"] = "3 kg" }, Price = new Money { CurrencyCode = "USD", Units = 19, Nanos = 990_000_000 },
                StockQuantity = 5, State = Product.Types.State.Active,
            },
            row);
    }

    [Fact]
    public void An_empty_field_leaves_its_column_out()
    {
        var row = Assert.Single(RowReading.Csv(Header + ",M/1,Mug,,,,,USD,,,,\n")).Row;
        Assert.Equal(new ImportRow { Row = 2, Sku = "M/1", Title = "Mug" }, row);
        Assert.False(row!.HasStockQuantity);
    }

    [Fact]
    public void Quotes_hold_commas_line_breaks_and_doubled_quotes()
    {
        var rows = RowReading.Csv("sku,title,description\r\n1,\"Rack, 19\"\"\",\"two\r\nlines\"\r\n\r\n2, padded ,\" kept \"\r\n");
        Assert.Equal([(2, "Rack, 19\"", "two\r\nlines"), (5, "padded", " kept ")], rows.Select(row => (row.Line, row.Row!.Title, row.Row.Description)));
        Assert.Equal("1,\"Rack, 19\"\"\",\"two\r\nlines\"", rows[0].RawText());
    }

    [Fact]
    public void A_byte_order_mark_is_no_part_of_the_first_column() => Assert.Equal("1", Assert.Single(RowReading.Csv("\uFEFFsku,title\n1,Mug")).Row!.Sku);

    [Fact]
    public void A_header_in_any_order_without_rows_is_an_empty_import() => Assert.Empty(RowReading.Csv("title,sku\n"));

    [Theory]
    [InlineData("sku,title,colour,attributes.\n1,Mug,red,x", "The header has unknown columns: \"colour\", \"attributes.\". Known are product_id, sku, title, description, brand, categories, price, currency, stock_quantity, state and attributes.<key>, separated by commas.")]
    [InlineData("sku;title\n1;Mug", "The header has unknown columns: \"sku;title\". Known are product_id, sku, title, description, brand, categories, price, currency, stock_quantity, state and attributes.<key>, separated by commas.")]
    [InlineData("sku,title,sku\n1,Mug,2", "The header has the column \"sku\" twice.")]
    [InlineData("sku,brand\n1,Mug", "The header lacks a column that every product needs: sku and title.")]
    [InlineData("", "The header lacks a column that every product needs: sku and title.")]
    public void A_header_that_is_not_understood_is_refused_before_anything_is_imported(string text, string expected) =>
        Assert.Equal(expected, Assert.Throws<ImportException>(() => RowReading.Csv(text)).Message);

    [Theory]
    [InlineData("1,Mug,cheap,USD,5,ACTIVE", "price: \"cheap\" is not an amount such as 19.99")]
    [InlineData("1,Mug,\"19,99\",USD,5,ACTIVE", "price: \"19,99\" is not an amount such as 19.99")]
    [InlineData("1,Mug,19.99,,5,ACTIVE", "currency: is missing: a price needs one, such as USD")]
    [InlineData("1,Mug,19.99,USD,5.5,ACTIVE", "stock_quantity: \"5.5\" is not a whole number")]
    [InlineData("1,Mug,19.99,USD,5,SOLD", "state: \"SOLD\" is not one of STATE_DRAFT, STATE_ACTIVE, STATE_DISCONTINUED")]
    [InlineData("1,Mug,19.99,USD,5", "row: has 5 fields where the header has 6")]
    [InlineData("1,Mug,19.99,USD,5,ACTIVE,", "row: has 7 fields where the header has 6")]
    [InlineData("1,\"Mug\" red,19.99,USD,5,ACTIVE", "row: has a quote that does not close, or text after a closing quote; a quote inside quotes is doubled: \"a 19\"\" rack\"")]
    public void A_record_that_cannot_be_read_says_why_and_the_next_one_is_read(string record, string expected)
    {
        var rows = RowReading.Csv($"sku,title,price,currency,stock_quantity,state\n{record}\n2,next,,,,\n");
        Assert.Equal([expected], rows[0].Violations());
        Assert.Null(rows[0].Row);
        Assert.Equal(record, rows[0].RawText());
        Assert.Equal("next", rows[1].Row!.Title);
        Assert.Null(rows[1].Refusal);
    }

    [Fact]
    public void Everything_that_is_wrong_with_a_record_is_said_at_once()
    {
        var row = Assert.Single(RowReading.Csv("sku,title,price,stock_quantity,state\n1,Mug,cheap,many,SOLD"));
        Assert.Equal(["stock_quantity", "state", "currency", "price"], row.Violations().Select(violation => violation.Split(':')[0]));
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        var rows = RowReading.Csv([.. "sku,title\n1,caf"u8, 0xE9, .. "\n2,next"u8]);
        Assert.Equal(["row: is not valid UTF-8; save the file as UTF-8"], rows[0].Violations());
        Assert.Equal("next", rows[1].Row!.Title);
    }

    [Fact]
    public void A_quote_that_never_closes_ends_the_import_after_the_rows_before_it()
    {
        var text = $"sku,title\n1,Mug\n2,\"Cup\n{string.Concat(Enumerable.Repeat("3,Plate\n", 500_000))}";
        using var rows = CsvRows.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text))).GetEnumerator();
        Assert.True(rows.MoveNext());
        Assert.Equal("Mug", rows.Current.Row!.Title);
        var refusal = Assert.Throws<ImportException>(() => rows.MoveNext());
        Assert.Equal("The row that begins in line 3 is longer than 1048576 bytes. Is a closing quote missing? Nothing from this line on was read.", refusal.Message);
    }

    [Fact]
    public void A_negative_price_is_left_to_the_server_to_judge()
    {
        var price = Assert.Single(RowReading.Csv("sku,title,price,currency\n1,Mug,-0.50,USD")).Row!.Price;
        Assert.Equal((0, -500_000_000), (price.Units, price.Nanos));
    }
}
