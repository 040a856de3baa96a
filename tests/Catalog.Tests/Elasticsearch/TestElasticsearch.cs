using Catalog.Elasticsearch;
using Catalog.Projections;
using Catalog.Queries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Catalog.Tests.Elasticsearch;

/// <summary>A catalog of the test's own in a real Elasticsearch, gone with the test.</summary>
internal sealed class TestElasticsearch : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly bool _owned;

    private TestElasticsearch(ElasticsearchOptions options, bool owned, TimeProvider? time, ILoggerProvider? logs)
    {
        Options = options;
        _owned = owned;
        var services = new ServiceCollection();
        if (time is not null) services.AddSingleton(time);
        services.AddLogging(logging =>
        {
            if (logs is not null) logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs);
        });
        _services = services.AddElasticsearch(options).BuildServiceProvider();
    }

    /// <summary>Where the real one is; null without one.</summary>
    public static string? Url => Environment.GetEnvironmentVariable("TEST_ELASTICSEARCH");

    public ElasticsearchOptions Options { get; }

    public string Alias => Options.Alias;

    public IIndexSet Indices => _services.GetRequiredService<IIndexSet>();

    public IProductIndex Index => _services.GetRequiredService<IProductIndex>();

    public IStatusBoard Board => _services.GetRequiredService<IStatusBoard>();

    public ValueTask<bool> IsReachedAsync(CancellationToken cancellation) => _services.IsElasticsearchReachedAsync(cancellation);

    public T Get<T>() where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A new catalog. The test is skipped where there is no server.</summary>
    public static TestElasticsearch Start(Action<ElasticsearchOptions>? configure = null, TimeProvider? time = null, ILoggerProvider? logs = null)
    {
        Assert.SkipUnless(Url is not null, "Needs an Elasticsearch: set TEST_ELASTICSEARCH to its address.");
        var options = new ElasticsearchOptions { Url = Url!, Alias = $"t{Guid.NewGuid():N}", Replicas = 0 };
        configure?.Invoke(options);
        return new TestElasticsearch(options, owned: true, time, logs);
    }

    /// <summary>A catalog on a server that answers as a test wants it to.</summary>
    public static TestElasticsearch On(string url, Action<ElasticsearchOptions>? configure = null, ILoggerProvider? logs = null, TimeProvider? time = null)
    {
        var options = new ElasticsearchOptions { Url = url };
        configure?.Invoke(options);
        return new TestElasticsearch(options, owned: false, time, logs);
    }

    /// <summary>Another process that uses the same catalog.</summary>
    public TestElasticsearch Another(Action<ElasticsearchOptions>? configure = null, TimeProvider? time = null)
    {
        var options = new ElasticsearchOptions { Url = Options.Url, Alias = Alias, Replicas = 0, OldIndexGrace = Options.OldIndexGrace };
        configure?.Invoke(options);
        return new TestElasticsearch(options, owned: false, time, logs: null);
    }

    /// <summary>An index that serves.</summary>
    public async Task<IIndexWriter> BuildAsync(string logId, CancellationToken cancellation)
    {
        var index = await Indices.CreateAsync(logId, cancellation);
        await Indices.SwapAsync(index, cancellation);
        await Indices.FinishAsync(index, cancellation);
        return index;
    }

    /// <summary>The names of the indices that there are of this catalog.</summary>
    public async Task<string[]> ListAsync()
    {
        using var http = new HttpClient();
        var list = await http.GetStringAsync(new Uri($"{Url}/_cat/indices/{Alias}-*?h=index&expand_wildcards=all"), TestContext.Current.CancellationToken);
        return [.. list.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Order(StringComparer.Ordinal)];
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        if (!_owned) return;
        using var http = new HttpClient();
        foreach (var index in await ListAsync()) await http.DeleteAsync(new Uri($"{Url}/{index}"), CancellationToken.None);
    }
}
