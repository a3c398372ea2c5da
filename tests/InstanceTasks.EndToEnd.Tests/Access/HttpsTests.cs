using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>HTTPS by configuration alone: a PEM file, and an https address.</summary>
public sealed class HttpsTests : IDisposable
{
    private readonly TempDirectory _data = new("https");

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Silo_WithACertificate_ServesHttpsAndLinksSaySo(bool asEndpoint)
    {
        using var certificate = await CertificateAsync();
        var address = $"https://127.0.0.1:{FreePort.Next()}";
        var variables = new Dictionary<string, string?>
        {
            ["INSTANCETASKS_Kestrel__Certificates__Default__Path"] = _data.Combine("cert.pem"), ["INSTANCETASKS_Kestrel__Certificates__Default__KeyPath"] = _data.Combine("key.pem"),
        };
        if (asEndpoint)
        {
            variables["INSTANCETASKS_Kestrel__Endpoints__Api__Url"] = address;
        }

        using var silo = ChildProcess.Start("dotnet", [RepoRoot.SiloAssembly, "--data", _data.Combine("data"), .. asEndpoint ? Array.Empty<string>() : ["--urls", address]], variables, RepoRoot.Path);
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetRawCertData().AsSpan().SequenceEqual(certificate.RawData) },
        };
        using var http = new HttpClient(handler) { BaseAddress = new(address) };

        await Eventually.TrueAsync(() => AnswersAsync(http, silo), SiloProcess.StartDeadline, "the silo serves https", () => silo.Output);

        Assert.Contains($"\"href\":\"{address}/v2.1/\"", await http.GetStringAsync("/v2.1"), StringComparison.Ordinal);
        silo.Signal(PosixSignalNumber.Terminate);
        Assert.Equal(0, await silo.WaitForExitAsync(SiloProcess.StartDeadline));
    }

    private static async Task<bool> AnswersAsync(HttpClient http, ChildProcess silo)
    {
        Assert.False(silo.HasExited, silo.Output);
        try
        {
            using var answer = await http.GetAsync("/");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<X509Certificate2> CertificateAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var certificate = request.CreateSelfSigned(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2099, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await File.WriteAllTextAsync(_data.Combine("cert.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(_data.Combine("key.pem"), key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }
}
