using System.Text.Json.Nodes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary>An action of the compute API, read and checked as far as the request alone allows.</summary>
/// <param name="Kind">The kind of task that it asks for.</param>
internal sealed record ParsedAction(TaskKind Kind)
{
    /// <summary>The change, for kinds that are one commit.</summary>
    public InstanceChange? Change { get; init; }

    /// <summary>Small parameters of the kind.</summary>
    public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>The administrator's password: kept encrypted beside the task.</summary>
    public string? Password { get; init; }

    /// <summary>The server's user data, for an answer that shows it: never kept with that.</summary>
    public string? UserData { get; init; }

    /// <summary>The answer's <c>Location</c>; null: none.</summary>
    public string? Location { get; init; }

    /// <summary>The status of the answer.</summary>
    public int Status { get; init; } = 202;

    /// <summary>The body of the answer, without the password and the user data; null: empty.</summary>
    public JsonObject? Body { get; init; }
}
