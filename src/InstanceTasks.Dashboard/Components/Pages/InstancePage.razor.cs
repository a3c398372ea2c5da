using InstanceTasks.Client;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Pages;

/// <summary>One instance.</summary>
public sealed partial class InstancePage : LivePage
{
    private const int ShownTasks = 25;
    private const int ShownUnderWay = 5;

    private readonly Dictionary<Guid, (DateTimeOffset At, IReadOnlyList<TaskEvents> Events)> _known = [];
    private ServerInfo? _server;
    private VmState? _state;
    private IReadOnlyList<AllowedTask> _offers = [];
    private IReadOnlyList<TaskInfo> _tasks = [];
    private ILookup<Guid, TaskEvents> _events = Array.Empty<TaskEvents>().ToLookup(e => e.TaskId);
    private bool _moreTasks;

    /// <summary>Which.</summary>
    [Parameter] public Guid Id { get; set; }

    [Inject] private ServerNames Names { get; set; } = null!;

    /// <inheritdoc/>
    protected override async Task LoadAsync()
    {
        (_tasks, var next) = await Me.Api.Tasks.PageOfServerAsync(Id, new() { PageSize = ShownTasks }, Unwanted);
        _moreTasks = next is not null;
        await LearnEventsAsync();
        var server = await FindAsync();
        _offers = await Me.Api.Tasks.AllowedAsync(Id, Unwanted);
        _state = ServerStatus.TryParseVmState(server.VmState, out var state) ? state : null;
        Names.Note(Id, server.Name);
        _server = server;
    }

    private async Task<ServerInfo> FindAsync()
    {
        try
        {
            return ServerInfo.Of(await Me.Api.Servers.GetAsync(Id, Unwanted));
        }
        catch (ApiException e) when (e.Kind == ProblemKind.NotFound)
        {
            // What was shown of it is no more.
            _server = null;
            throw;
        }
    }

    private protected override bool Concerns(EventSubject subject) => subject.Instance.Value == Id;

    // For the attempts that failed: only tasks that had any have events to read, each once per change.
    private async Task LearnEventsAsync()
    {
        foreach (var task in _tasks.Where(t => t.Steps.Any(s => s.Attempts > 1 || s.Failure is not null) && (!_known.TryGetValue(t.Id, out var known) || known.At != t.UpdatedAt)))
        {
            _known[task.Id] = (task.UpdatedAt, (await Me.Api.Tasks.EventsAsync(task.Id, cancellationToken: Unwanted)).Events);
        }

        _events = _known.Values.SelectMany(k => k.Events).ToLookup(e => e.TaskId);
    }
}
