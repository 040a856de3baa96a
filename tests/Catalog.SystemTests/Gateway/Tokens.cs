using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Catalog.SystemTests.Gateway;

/// <summary>Who issues tokens: a key, and what is said with it.</summary>
internal sealed class Tokens : IDisposable
{
    public const string Issuer = "https://id.example.com/";

    private readonly RSA _key = RSA.Create(2048);

    /// <summary>The public key, as a JWKS.</summary>
    public string Jwks
    {
        get
        {
            var key = _key.ExportParameters(includePrivateParameters: false);
            return JsonSerializer.Serialize(new { keys = new[] { new { kty = "RSA", alg = "RS256", use = "sig", kid = "1", n = Encode(key.Modulus!), e = Encode(key.Exponent!) } } });
        }
    }

    /// <summary>A token.</summary>
    /// <param name="scope">The claim <c>scope</c>; none if it is left out.</param>
    /// <param name="subject">The claim <c>sub</c>.</param>
    /// <param name="change">What is different in this one.</param>
    public string Issue(JsonNode? scope = null, string subject = "alice", Action<JsonObject>? change = null)
    {
        var claims = new JsonObject { ["iss"] = Issuer, ["aud"] = "catalog", ["sub"] = subject, ["exp"] = DateTimeOffset.UtcNow.AddMinutes(10).ToUnixTimeSeconds() };
        if (scope is not null) claims["scope"] = scope;
        change?.Invoke(claims);
        var content = $"{Encode("""{"alg":"RS256","kid":"1","typ":"JWT"}"""u8)}.{Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{content}.{Encode(_key.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
