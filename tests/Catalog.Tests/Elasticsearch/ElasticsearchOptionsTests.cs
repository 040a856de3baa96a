using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Catalog.Queries;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Wrong settings are named, and secrets are not.</summary>
public sealed class ElasticsearchOptionsTests
{
    [Fact]
    public void The_defaults_are_sound() => Assert.Empty(new ElasticsearchOptions().Problems());

    [Fact]
    public void Several_addresses_and_either_kind_of_credentials_are_sound()
    {
        Assert.Empty(new ElasticsearchOptions { Url = "https://one:9200, https://two:9200/es/", ApiKey = "abc==" }.Problems());
        Assert.Empty(new ElasticsearchOptions { Username = "catalog", Password = "x" }.Problems());
    }

    [Fact]
    public void Every_problem_is_named_at_once()
    {
        var options = new ElasticsearchOptions
        {
            Url = "http://user:secret-word@host", Alias = "Products*", ApiKey = "secret key", Username = "a:b", CaCertificate = "/nowhere/ca.pem", Shards = 0, Replicas = -1,
            RefreshInterval = TimeSpan.Zero, ConnectTimeout = TimeSpan.Zero, ReadTimeout = TimeSpan.Zero, WriteTimeout = TimeSpan.FromHours(1), OldIndexGrace = TimeSpan.FromDays(2),
        };
        string[] problems = [.. options.Problems()];
        string[] names =
        [
            "Url", "Alias", "ApiKey", "Username", "CaCertificate", "Shards", "Replicas", "RefreshInterval", "ConnectTimeout", "ReadTimeout", "WriteTimeout", "OldIndexGrace",
        ];
        foreach (var name in names)
            Assert.Contains(problems, problem => problem.Contains("Elasticsearch:" + name, StringComparison.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, "Elasticsearch:ApiKey")]
    [InlineData(403, "Elasticsearch:ApiKey")]
    [InlineData(503, "See how Elasticsearch at ")]
    public async Task Whoever_runs_a_verb_is_told_what_to_look_at(int status, string advice)
    {
        await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, """{"error":{"type":"security_exception","reason":"no"}}""", status));
        await using var catalog = TestElasticsearch.On(server.Url);
        var failed = await Assert.ThrowsAsync<IndexUnavailableException>(() => catalog.Get<ElasticsearchClient>().CreateAsync("index", _ => { }, TestContext.Current.CancellationToken));
        var told = ElasticsearchOptions.Explain(failed, server.Url);
        Assert.Contains(advice, told, StringComparison.Ordinal);
        Assert.Contains(server.Url, told, StringComparison.Ordinal);
        Assert.DoesNotContain("name the right address", told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost:9200")]
    [InlineData("ftp://host")]
    [InlineData("http://one,nonsense")]
    [InlineData("http://host/?a=b")]
    public void An_address_is_one_of_http(string url) => Assert.Single(new ElasticsearchOptions { Url = url }.Problems());
}
