namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>Debian's chromium, which Playwright drives. Nothing is downloaded.</summary>
internal static class Chromium
{
    public const string Path = "/usr/bin/chromium";

    // root has no use of the sandbox; the rest keeps it from calling home.
    public static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

    /// <summary>Why browser tests cannot run here; null: they can, or must.</summary>
    public static string? Missing => File.Exists(Path) || TestKit.OpenStackCli.IsRequired ? null : "The Debian package chromium is not installed (apt-get install chromium).";
}

/// <summary>A test in a browser. Where there is none it is skipped by name, unless <c>INSTANCETASKS_REQUIRE_CLIENTS=1</c> says that this is a failure.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Chromium.Missing;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserTheoryAttribute : TheoryAttribute
{
    public BrowserTheoryAttribute() => Skip = Chromium.Missing;
}

/// <summary>A test in a browser that needs Debian's Keystone, too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KeystoneBrowserFactAttribute : FactAttribute
{
    public KeystoneBrowserFactAttribute() =>
        Skip = Chromium.Missing ?? (TestKit.Keystone.KeystoneServer.IsInstalled || TestKit.Keystone.KeystoneServer.IsRequired ? null : $"The Debian packages of Keystone are not installed (apt-get install {TestKit.Keystone.KeystoneServer.Packages}).");
}

/// <summary>A test in a browser that needs a PostgreSQL server, too.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresBrowserFactAttribute : FactAttribute
{
    public PostgresBrowserFactAttribute() =>
        Skip = Chromium.Missing ?? (TestKit.Postgres.PostgresServer.IsInstalled || TestKit.Postgres.PostgresServer.IsRequired ? null : TestKit.Postgres.PostgresServer.Missing);
}
