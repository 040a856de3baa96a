namespace Catalog.SystemTests;

/// <summary>The requests of the golden files. <c>{w}</c> is a word of the run's own, <c>&lt;token&gt;</c> the consistency token of the last receipt.</summary>
internal static class Story
{
    public static readonly (string Name, string Request, string? Body)[] Steps =
    [
        ("create", "POST /v1/products?productId={w}-1&requestId={w}-create", """
            {"sku":"{w}-A","title":"Brass {w} lamp","description":"Warm & \"soft\" <light>\nÅ 灯","brand":"{w}","categories":["Home/Light","Sale"],"attributes":{"color":"red"},
             "price":{"currencyCode":"USD","units":"19","nanos":990000000},"stockQuantity":"7"}
            """),
        ("create-again", "POST /v1/products?product_id={w}-1", """{"sku":"{w}-B","title":"Another"}"""),
        ("create-taken-sku", "POST /v1/products?productId={w}-2", """{"sku":"{w}-A","title":"Another"}"""),
        ("create-request-id-reused", "POST /v1/products?productId={w}-3&requestId={w}-create", """{"sku":"{w}-C","title":"Another"}"""),
        ("create-invalid", "POST /v1/products?productId=No!", """{"sku":"no sku","price":{"currencyCode":"usd","units":"-1"},"stockQuantity":"-1"}"""),
        ("create-malformed", "POST /v1/products", """{"sku":"A","""),
        ("create-wrong-type", "POST /v1/products", """{"sku":"A","title":"B","stockQuantity":"many"}"""),
        ("get", "GET /v1/products/{w}-1?consistencyTokens=<token>", null),
        ("get-missing", "GET /v1/products/{w}-none", null),
        ("get-no-name", "GET /v1/products/No_Name", null),
        ("update", "PATCH /v1/products/{w}-1?updateMask=title,attributes.size,attributes.color", """{"title":"Steel {w} lamp","attributes":{"size":"L"}}"""),
        ("update-price", "PATCH /v1/products/{w}-1?updateMask=price", """{"price":{"currencyCode":"USD","units":"1"}}"""),
        ("update-stale", "PATCH /v1/products/{w}-1", """{"title":"Late","etag":"1-00000000"}"""),
        ("change-price", "POST /v1/products/{w}-1:changePrice", """{"price":{"currencyCode":"EUR","units":"5","nanos":1}}"""),
        ("adjust-stock", "POST /v1/products/{w}-1:adjustStock", """{"delta":"-3","reason":"sold"}"""),
        ("adjust-stock-below-zero", "POST /v1/products/{w}-1:adjustStock", """{"delta":-5,"reason":"sold"}"""),
        ("discontinue-draft", "POST /v1/products/{w}-1:discontinue", "{}"),
        ("activate", "POST /v1/products/{w}-1:activate", "{}"),
        ("batch-write", "POST /v1/products:batchWrite", """
            {"commands":[{"create":{"productId":"{w}-2","product":{"sku":"{w}-D","title":"Oak {w} table","brand":"{w}"}}},{"delete":{"name":"products/{w}-none"}},{},
             {"adjustStock":{"name":"products/{w}-2","delta":"4","reason":"delivered"}}]}
            """),
        ("batch-get", "GET /v1/products:batchGet?names=products/{w}-2&names=products/{w}-none&consistencyTokens=<token>", null),
        ("search", "GET /v1/products:search?query=lmap&filter=brand%20%3D%20%22{w}%22&facets=state&facets=brand&highlight=true&pageSize=1&consistencyTokens=<token>", null),
        ("search-all", "POST /v1/products:search", """
            {"filter":"brand = \"{w}\"","orderBy":"price desc","pageSize":1,"facets":["categories","price.currency_code","attributes.size"],"priceRanges":[{"to":"5"},{"from":"5","to":"9.5"}],
             "consistencyTokens":["<token>"]}
            """),
        ("search-invalid", "GET /v1/products:search?filter=price%20%3C&orderBy=weight&pageSize=-1&pageToken=x&facets=title", null),
        ("search-wrong-type", "GET /v1/products:search?pageSize=many", null),
        ("suggest", "GET /v1/products:suggest?query=steel%20{w}", null),
        ("suggest-nothing", "GET /v1/products:suggest", null),
        ("watch-invalid", "GET /v1/products:watch?position=x", null),
        ("delete", "DELETE /v1/products/{w}-1", null),
        ("delete-again", "DELETE /v1/products/{w}-1", null),
        ("create-deleted", "POST /v1/products?productId={w}-1", """{"sku":"{w}-A","title":"Back"}"""),
        ("get-deleted", "GET /v1/products/{w}-1?consistencyTokens=<token>", null),
        ("no-such-verb", "POST /v1/products/{w}-1:explode", "{}"),
        ("no-such-http-method", "PUT /v1/products/{w}-1", "{}"),
    ];
}
