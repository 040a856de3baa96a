using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
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
        using var authority = Authority();
        using var stranger = Authority();
        await File.WriteAllTextAsync(folder.File("ca.pem"), authority.ExportCertificatePem(), Cancellation);
        await File.WriteAllTextAsync(folder.File("stranger.pem"), stranger.ExportCertificatePem(), Cancellation);

        Assert.True(await IsReachedAsync(ServerOf(authority, IPAddress.Loopback), folder.File("ca.pem")));
        Assert.False(await IsReachedAsync(ServerOf(authority, IPAddress.Loopback), folder.File("stranger.pem")));
        Assert.False(await IsReachedAsync(ServerOf(authority, IPAddress.Loopback), authorities: null));
        Assert.False(await IsReachedAsync(ServerOf(authority, IPAddress.Parse("127.0.0.2")), folder.File("ca.pem")));
    }

    private static async Task<bool> IsReachedAsync(X509Certificate2 certificate, string? authorities)
    {
        using (certificate)
        {
            await using var server = await ScriptedServer.StartAsync((context, _) => ScriptedServer.WriteAsync(context, ScriptedServer.NoHits), certificate);
            await using var catalog = TestElasticsearch.On(server.Url, options => options.CaCertificate = authorities);
            return await catalog.IsReachedAsync(Cancellation);
        }
    }

    private static X509Certificate2 Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 ServerOf(X509Certificate2 authority, IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=elasticsearch", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), RandomNumberGenerator.GetBytes(8));
        using var whole = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), password: null);
    }
}
