using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Dashboard;

/// <summary>How one signs in.</summary>
public enum SignInMode
{
    /// <summary>Not at all: everybody is the one configured user.</summary>
    None = 0,

    /// <summary>With a name and a password, which then go with each call.</summary>
    Password = 1,

    /// <summary>With a name, a password and a project, for a token of an identity service.</summary>
    Token = 2,
}

/// <summary>
/// The API as the dashboard reaches it: the process's own pipeline, so that every call is held against the same policy, limits and audit as one from
/// outside. The dashboard has no other way to a command.
/// </summary>
public interface IDashboardApi
{
    /// <summary>How one signs in.</summary>
    SignInMode Mode { get; }

    /// <summary>The identity service that gives tokens, with its version; null: the process itself, at <c>/identity/v3</c>.</summary>
    Uri? Identity { get; }

    /// <summary>Whether clients always come over TLS, also where this process does not see it.</summary>
    bool BehindTls { get; }

    /// <summary>Answers a request.</summary>
    Task InvokeAsync(HttpContext http);

    /// <summary>Who asks, by the headers of a request.</summary>
    Task<Identification> IdentifyAsync(HttpContext http);
}

/// <summary>Who asks, or why that is not said. Neither: nobody who is known (any more).</summary>
/// <param name="Viewer">Who; null: he is not let in, or not known.</param>
/// <param name="Refusal">Why he is not let in.</param>
public sealed record Identification(Viewer? Viewer, EntryRefusal? Refusal = null);

/// <summary>Why somebody is not let in now.</summary>
/// <param name="Status">The HTTP status that a call of his gets.</param>
/// <param name="Message">The reason, for people.</param>
/// <param name="RetryAfter">After how long it may be tried again.</param>
public sealed record EntryRefusal(int Status, string Message, TimeSpan? RetryAfter)
{
    /// <summary>Whether it may be otherwise in a moment.</summary>
    public bool MayPass => Status is 429 or >= 500;
}

/// <summary>Who looks, and what he may beyond what the API decides by itself.</summary>
/// <param name="User">The user.</param>
/// <param name="Project">The project that he acts in.</param>
/// <param name="Role">The name of the highest of his roles.</param>
/// <param name="MaySeeTasks">Whether he may list the tasks of his project.</param>
/// <param name="MaySeeCounts">Whether he may see counts of the whole cloud.</param>
/// <param name="MaySeeStored">Whether he may see what is stored, silos and hosts.</param>
public sealed record Viewer(string User, string Project, string Role, bool MaySeeTasks, bool MaySeeCounts, bool MaySeeStored)
{
    /// <summary>Whether he may read what guests have written on their consoles.</summary>
    public bool MayReadConsoles { get; init; }

    /// <summary>Whether he sees all projects.</summary>
    public bool IsAdmin => Role == "admin";
}
