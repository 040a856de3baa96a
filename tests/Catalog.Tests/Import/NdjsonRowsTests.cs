using System.Runtime.CompilerServices;
using System.Text;
using Catalog.Standalone.Import;
using Catalog.V1;
using CsCheck;
using Google.Protobuf;
using Google.Type;

namespace Catalog.Tests.Import;

public class NdjsonRowsTests
{
    [Fact]
    public void A_line_is_a_row_with_its_number()
    {
        var row = Assert.Single(RowReading.Ndjson("""
            {"productId":"mug-1","sku":"M/1","title":"Mug \u2615","description":"A mug.","brand":"Bräu","categories":["Kitchen","Cups"],"attributes":{"color":"red"},"price":{"currencyCode":"USD","units":"19","nanos":990000000},"stockQuantity":"5","state":"STATE_ACTIVE"}
            """)).Row;
        Assert.Equal(
            new ImportRow
            {
                Row = 1, ProductId = "mug-1", Sku = "M/1", Title = "Mug ☕", Description = "A mug.", Brand = "Bräu", Categories = { "Kitchen", "Cups" },
                Attributes = { ["color"] = "red" }, Price = new Money { CurrencyCode = "USD", Units = 19, Nanos = 990_000_000 }, StockQuantity = 5,
                State = Product.Types.State.Active,
            },
            row);
    }

    [Fact]
    public void Names_of_the_proto_plain_numbers_and_null_are_understood()
    {
        var row = Assert.Single(RowReading.Ndjson(
            """{"row":7,"product_id":"a","brand":null,"stock_quantity":5.0,"price":{"currency_code":"EUR","units":3},"state":2}""")).Row;
        Assert.Equal(
            new ImportRow { Row = 1, ProductId = "a", StockQuantity = 5, Price = new Money { CurrencyCode = "EUR", Units = 3 }, State = Product.Types.State.Active },
            row);
    }

    [Fact]
    public void A_stock_of_zero_is_not_a_stock_left_out()
    {
        var rows = RowReading.Ndjson("{\"stockQuantity\":\"0\"}\n{}");
        Assert.True(rows[0].Row!.HasStockQuantity);
        Assert.False(rows[1].Row!.HasStockQuantity);
    }

    [Fact]
    public void A_byte_order_mark_line_breaks_of_Windows_and_empty_lines_do_not_count_as_rows()
    {
        var rows = RowReading.Ndjson("\uFEFF{\"sku\":\"a\"}\r\n\r\n  \n{\"sku\":\"b\"}\r\n{\"sku\":\"c\"}");
        Assert.Equal([(1, "a"), (4, "b"), (5, "c")], rows.Select(row => (row.Line, row.Row!.Sku)));
        Assert.Equal("{\"sku\":\"b\"}", rows[1].RawText());
    }

    [Theory]
    [InlineData("{\"sku\":}", "row: is not valid JSON at byte 8: '}' is an invalid start of a value.")]
    [InlineData("{\"sku\":\"a\"} {}", "row: is not valid JSON at byte 13: '{' is invalid after a single JSON value. Expected end of data.")]
    [InlineData("[]", "row: is not a JSON object")]
    [InlineData("{\"colour\":1}", "row: has an unknown field \"colour\"; known are productId, sku, title, description, brand, categories, attributes, price, stockQuantity, state")]
    [InlineData("{\"price\":{\"amount\":1}}", "price: has an unknown field \"amount\"; known are currencyCode, units, nanos")]
    [InlineData("{\"price\":19.99}", "price: is not an object such as {\"currencyCode\":\"USD\",\"units\":\"19\",\"nanos\":990000000}")]
    [InlineData("{\"price\":{\"nanos\":3000000000}}", "price.nanos: is not a whole number in range")]
    [InlineData("{\"stockQuantity\":\"many\"}", "stock_quantity: is not a whole number in range")]
    [InlineData("{\"stockQuantity\":1.5}", "stock_quantity: is not a whole number in range")]
    [InlineData("{\"stockQuantity\":1e30}", "stock_quantity: is not a whole number in range")]
    [InlineData("{\"sku\":5}", "sku: is not a text; put it in quotes")]
    [InlineData("{\"attributes\":{\"power\":{\"watt\":3}}}", "attributes.power: is not a text; put it in quotes")]
    [InlineData("{\"categories\":\"Tea\"}", "categories: is not a list of texts")]
    [InlineData("{\"state\":\"SOLD\"}", "state: is not one of STATE_DRAFT, STATE_ACTIVE, STATE_DISCONTINUED")]
    [InlineData("{\"sku\":\"a\",\"sku\":\"b\"}", "sku: is given twice")]
    [InlineData("{\"title\":\"\\ud800\"}", "row: is not valid Unicode: an escape is half of a surrogate pair")]
    public void A_line_that_cannot_be_read_says_why_and_the_next_one_is_read(string line, string expected)
    {
        var rows = RowReading.Ndjson(line + "\n{\"sku\":\"next\"}");
        Assert.Equal([expected], rows[0].Violations());
        Assert.Null(rows[0].Row);
        Assert.Equal(line, rows[0].RawText());
        Assert.Equal("next", rows[1].Row!.Sku);
    }

    [Fact]
    public void Everything_that_is_wrong_with_a_line_is_said_at_once()
    {
        var row = Assert.Single(RowReading.Ndjson("""{"sku":[1],"stockQuantity":"x","colour":{"a":[]},"state":"?","title":"good"}"""));
        Assert.Equal(["sku", "stock_quantity", "row", "state"], row.Violations().Select(violation => violation.Split(':')[0]));
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused()
    {
        var rows = RowReading.Ndjson([.. "{\"title\":\"caf"u8, 0xE9, .. "\"}\n{\"sku\":\"next\"}"u8]);
        Assert.Equal(["row: is not valid UTF-8"], rows[0].Violations());
        Assert.Equal("next", rows[1].Row!.Sku);
    }

    [Fact]
    public void A_line_without_end_is_refused_and_its_successor_is_read()
    {
        var rows = RowReading.Ndjson($"{{\"sku\":\"a\"}}\n{{\"title\":\"{new string('x', 3 * SourceRow.MaxBytes)}\"}}\n{{\"sku\":\"b\"}}");
        Assert.Equal(["a", null, "b"], rows.Select(row => row.Row?.Sku));
        Assert.Equal(["row: is longer than 1048576 bytes; only its beginning is shown"], rows[1].Violations());
        Assert.Equal([1, 2, 3], rows.Select(row => row.Line));
        Assert.True(rows[1].Raw.Length < 2000);
    }

    [Fact]
    public void Rows_are_what_the_parser_of_Protobuf_makes_of_them()
    {
        var text = Gen.String[Gen.Char.Where(c => !char.IsSurrogate(c)), 0, 20];
        var row = Gen.Select(text, text, Gen.Select(text, text).Array[0, 3], text.Array[0, 3], Gen.Long, Gen.Int, Gen.Int[0, 3]).Select((sku, title, attributes, categories, units, nanos, state) =>
        {
            var made = new ImportRow { Sku = sku, Title = title, StockQuantity = units, Price = new Money { CurrencyCode = sku, Units = units, Nanos = nanos }, State = (Product.Types.State)state };
            made.Categories.Add(categories);
            foreach (var (key, value) in attributes) made.Attributes[key] = value;
            return made;
        });
        row.Sample(expected =>
        {
            var read = Assert.Single(RowReading.Ndjson(JsonFormatter.Default.Format(expected)));
            expected.Row = 1;
            Assert.Equal(expected, read.Row);
        });
    }

    [Fact]
    public void Rows_are_the_same_however_the_stream_cuts_them()
    {
        Gen.Select(Gen.Int[0, 70_000].Array[1, 8], Gen.Int[100, 100_000]).Sample((lengths, cut) =>
        {
            var text = string.Join('\n', lengths.Select(length => $"{{\"title\":\"{new string('x', length)}\"}}"));
            var rows = NdjsonRows.Read(new CutStream(Encoding.UTF8.GetBytes(text), cut)).ToList();
            Assert.Equal(lengths, rows.Select(row => row.Row!.Title.Length));
        }, iter: 30);
    }

    [Fact]
    public void No_bytes_whatever_end_an_import()
    {
        string[] parts = ["{", "}", "[", "]", ":", ",", "\"sku\"", "\"price\"", "\"attributes\"", "\"categories\"", "\"state\"", "\"\\ud800\"", "null", "1", "1e999", "\"x", "\\", "\n", "\u0001"];
        Gen.Int[0, parts.Length - 1].Select(part => parts[part]).Array[0, 12].Sample(line =>
        {
            foreach (var row in RowReading.Ndjson(string.Concat(line))) Assert.True(row.Row is null != row.Refusal is null);
        });
        Gen.Byte.Array[0, 40].Sample(bytes =>
        {
            foreach (var row in RowReading.Ndjson(bytes)) Assert.True(row.Row is null != row.Refusal is null);
        });
    }

    [Fact]
    public void The_samples_are_readable_and_the_CSV_file_says_the_same_as_the_NDJSON_file()
    {
        var samples = Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../samples");
        using var ndjson = ImportFile.Open(Path.Combine(samples, "products.ndjson"), null);
        using var csv = ImportFile.Open(Path.Combine(samples, "products.csv"), null);
        var rows = ndjson.Rows().ToList();
        Assert.All(rows, row => Assert.Null(row.Refusal));
        Assert.Equal(rows.Count, rows.Select(row => row.Row!.Sku).Distinct().Count());
        Assert.Equal(
            rows.Take(20).Select(row => row.Row!.Clone()),
            csv.Rows().Select(row => { row.Row!.Row--; return row.Row; })); // The header is line 1.
    }

    /// <summary>Hands out no more than so many bytes at once, as a pipe does.</summary>
    private sealed class CutStream(byte[] bytes, int cut) : MemoryStream(bytes)
    {
        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(count, cut));
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
