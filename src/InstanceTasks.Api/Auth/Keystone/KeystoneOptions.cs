namespace InstanceTasks.Api;

/// <summary>The Keystone that says whose a token is, and the user that asks it.</summary>
public sealed class KeystoneOptions
{
    /// <summary>Where this process reaches it, with <c>/v3</c>. Default: none; needed for <c>auth: keystone</c>.</summary>
    public string? Url { get; set; }

    /// <summary>Where clients reach it, for the answer to those without a token. Default: <see cref="Url"/>.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>The service user; it needs the role <c>service</c> or <c>admin</c>. Default: none; needed for <c>auth: keystone</c>.</summary>
    public string Username { get; set; } = "";

    /// <summary>Its password. Default: none. Better given as <c>INSTANCETASKS_Api__Keystone__Password</c> than in a file.</summary>
    public string Password { get; set; } = "";

    /// <summary>The name of its domain. Default: <c>Default</c>.</summary>
    public string UserDomain { get; set; } = "Default";

    /// <summary>Its project. Default: <c>service</c>.</summary>
    public string Project { get; set; } = "service";

    /// <summary>The name of its project's domain. Default: <c>Default</c>.</summary>
    public string ProjectDomain { get; set; } = "Default";

    /// <summary>How long an answer about a token is used again: a token that was taken back counts at most so long. Default: 30 s.</summary>
    public TimeSpan CacheTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most answers that are kept. Default: 10 000.</summary>
    public int CacheSize { get; set; } = 10_000;

    /// <summary>How long it may take to answer. Default: 10 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);
}
