using System.Net;
using System.Security.Cryptography.X509Certificates;
using Catalog.Elasticsearch;
using Catalog.Elasticsearch.Http;
using Catalog.Queries;

namespace Catalog.Tests.Elasticsearch;

/// <summary>Whom the catalog trusts to be its Elasticsearch.</summary>
public sealed class CertificateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_is_trusted_if_the_configured_authority_signed_its_name()
    {
        using var folder = new TempFolder();
        using var authority = TestCertificates.Authority();
        using var stranger = TestCertificates.Authority();
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(folder.File("stranger.pem"), stranger.ExportCertificatePem(), Cancellation);

        Assert.True(await IsReachedAsync(TestCertificates.ServerOf(authority, IPAddress.Loopback), folder.File("ca.pem")));
        Assert.False(await IsReachedAsync(TestCertificates.ServerOf(authority, IPAddress.Loopback), folder.File("stranger.pem")));
        Assert.False(await IsReachedAsync(TestCertificates.ServerOf(authority, IPAddress.Loopback), authorities: null));
        Assert.Contains("Elasticsearch:CaCertificate names who signed", await ToldAsync(TestCertificates.ServerOf(authority, IPAddress.Loopback), folder.File("stranger.pem")), StringComparison.Ordinal);
        Assert.False(await IsReachedAsync(TestCertificates.ServerOf(authority, IPAddress.Parse("127.0.0.2")), folder.File("ca.pem")));
    }

    [Fact]
    public async Task A_new_authority_is_trusted_once_the_file_names_it()
    {
        using var folder = new TempFolder();
        using var authority = TestCertificates.Authority();
        using var former = TestCertificates.Authority();
        await File.WriteAllTextAsync(folder.File("ca.pem"), former.ExportCertificatePem(), Cancellation);
        await OnAsync(TestCertificates.ServerOf(authority, IPAddress.Loopback), folder.File("ca.pem"), async (catalog, _) =>
        {
            Assert.False(await catalog.IsReachedAsync(Cancellation));
            await File.WriteAllTextAsync(folder.File("ca.pem"), former.ExportCertificatePem() + "\n" + authority.ExportCertificatePem(), Cancellation);
            Assert.True(await catalog.IsReachedAsync(Cancellation));
            return true;
        });
    }

    /// <summary>What whoever runs a verb is told.</summary>
    private static Task<string> ToldAsync(X509Certificate2 certificate, string authorities) => OnAsync(certificate, authorities, async (catalog, url) =>
    {
        var failed = await Assert.ThrowsAsync<IndexUnavailableException>(() => catalog.Get<ElasticsearchClient>().CreateAsync("index", _ => { }, Cancellation));
        return ElasticsearchOptions.Explain(failed, url);
    });

    private static Task<bool> IsReachedAsync(X509Certificate2 certificate, string? authorities) => OnAsync(certificate, authorities, async (catalog, _) => await catalog.IsReachedAsync(Cancellation));

    private static async Task<T> OnAsync<T>(X509Certificate2 certificate, string? authorities, Func<TestElasticsearch, string, Task<T>> ask)
    {
        using (certificate)
        {
            await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, ScriptedServer.NoHits), certificate);
            await using var catalog = TestElasticsearch.On(server.Url, options => options.CaCertificate = authorities);
            return await ask(catalog, server.Url);
        }
    }
}
