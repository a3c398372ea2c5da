namespace InstanceTasks.Silo;

/// <summary>Where the API will listen: the endpoints of the section <c>Kestrel</c> if there are any, else the addresses of the command line.</summary>
internal static class ListenAddresses
{
    private const string Endpoints = "Kestrel:Endpoints";
    private const string DefaultCertificate = "Kestrel:Certificates:Default";

    public static IReadOnlyList<string> Of(IConfiguration configuration, SiloSettings settings)
    {
        List<string> configured = [.. configuration.GetSection(Endpoints).GetChildren().Select(e => e["Url"]).OfType<string>()];
        return configured.Count > 0 ? configured : settings.Urls;
    }

    /// <summary>Says at once what the server would fail with later, or would take a developer's certificate for.</summary>
    /// <exception cref="SettingsException">An https address has no certificate, or its file is not there.</exception>
    public static void CheckCertificates(IConfiguration configuration, IReadOnlyList<string> addresses)
    {
        List<IConfigurationSection> own = [.. configuration.GetSection(Endpoints).GetChildren().Where(e => IsHttps(e["Url"])).Select(e => e.GetSection("Certificate"))];
        var common = configuration.GetSection(DefaultCertificate);
        var needed = own.Count > 0 ? own.Select(c => c.Exists() ? c : common) : addresses.Where(IsHttps).Select(_ => common);
        foreach (var certificate in needed.DistinctBy(c => c.Path))
        {
            Check(certificate);
        }
    }

    private static bool IsHttps(string? url) => url?.StartsWith("https:", StringComparison.OrdinalIgnoreCase) ?? false;

    private static void Check(IConfigurationSection certificate)
    {
        if (!certificate.Exists())
        {
            throw new SettingsException($"an https address needs a certificate: set {DefaultCertificate}:Path (and KeyPath for a PEM file).");
        }

        string[] files = [.. new[] { certificate["Path"], certificate["KeyPath"] }.OfType<string>().Where(f => !File.Exists(f))];
        if (files.Length > 0)
        {
            throw new SettingsException($"the certificate of {certificate.Path} cannot be read: {string.Join(" and ", files)} does not exist.");
        }
    }
}
