using System.Globalization;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Events;

/// <summary>Which tasks' events a caller asks for. Null means: any.</summary>
internal sealed record EventFilter
{
    private static readonly string[] Known = ["server_id", "kind", "parent_id", "user", "project", "all_projects"];

    public ProjectId? Project { get; init; }

    public InstanceId? Instance { get; init; }

    public TaskId? Task { get; init; }

    public TaskId? Parent { get; init; }

    public UserId? User { get; init; }

    public IReadOnlyList<TaskKind>? Kinds { get; init; }

    /// <summary>The filters of a list of tasks, as far as they are about what never changes of a task.</summary>
    public static EventFilter Parse(ApiCall call)
    {
        call.Query.Only([.. Known, .. EventPlace.Parameters]);
        return new()
        {
            Project = TaskQuery.ProjectOf(call), Instance = TaskQuery.Instance(call), Parent = TaskQuery.Parent(call),
            User = call.Query.Text("user") is { } user ? new UserId(user) : null, Kinds = TaskQuery.Kinds(call),
        };
    }

    public bool Matches(EventSubject subject) =>
        (Project is null || subject.Project == Project)
        && (Instance is null || subject.Instance == Instance)
        && (Task is null || subject.Task == Task)
        && (Parent is null || subject.Parent == Parent)
        && (User is null || subject.User == User)
        && (Kinds is null || Kinds.Contains(subject.Kind));
}

/// <summary>Where a caller wants to read on.</summary>
internal static class EventPlace
{
    public static readonly string[] Parameters = ["after", "limit"];

    private const string Header = "Last-Event-ID";

    /// <summary>
    /// The place that the caller names: by header, which a client that resumes sends, or else in the query; null when he names none. One that this
    /// stream has not come to is from another, which a client must be told: what it has missed there nobody knows.
    /// </summary>
    public static async Task<long?> OfAsync(ApiCall call, IEventStream stream)
    {
        var asked = call.Header(Header) is { } text
            ? Parse(text) ?? throw ApiFault.BadRequest($"Invalid input for header {Header}. Value: {text}. It is not the id of an event.")
            : call.Query.Text("after") is { } query ? Parse(query) ?? throw QueryInput.Invalid("after", query, $"'{query}' is not the id of an event") : (long?)null;
        return asked is { } place && !await stream.HasComeToAsync(place, call.Aborted)
            ? throw new ApiFault(410, $"There has been no event {place}: look at the tasks, and read on without {Header}.")
            : asked;
    }

    /// <summary>
    /// The same for a reader of all tasks, who must not be given a part of what is behind his place: what was archived he is told of. Of one task there is everything or nothing.
    /// </summary>
    public static async Task<long?> OfAllAsync(ApiCall call, IEventStream stream)
    {
        var asked = await OfAsync(call, stream);
        return asked is { } place && place < await stream.ReadFirstPlaceAsync(call.Aborted) ? throw Gone(place) : asked;
    }

    /// <summary>Events behind a place have been archived.</summary>
    public static ApiFault Gone(long place) => new(410, $"Events behind {place} have been archived: look at the tasks, and read on without {Header}.");

    private static long? Parse(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? place : null;
}
