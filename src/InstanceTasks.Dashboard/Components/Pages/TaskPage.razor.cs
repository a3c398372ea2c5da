using InstanceTasks.Client;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Pages;

/// <summary>One task.</summary>
public sealed partial class TaskPage : LivePage
{
    private const int ShownChildren = 50;

    private TaskInfo? _task;
    private TaskInfo? _parent;
    private IReadOnlyList<TaskInfo> _children = [];
    private bool _moreChildren;
    private IReadOnlyList<TaskEvents> _events = [];

    /// <summary>Which.</summary>
    [Parameter] public Guid Id { get; set; }

    [Inject] private ServerNames Names { get; set; } = null!;

    /// <inheritdoc/>
    protected override async Task LoadAsync()
    {
        var task = await Me.Api.Tasks.GetAsync(Id, Unwanted);
        if (_task?.Id != Id || _task.Checkpoint?.Seq != task.Checkpoint?.Seq)
        {
            _events = (await Me.Api.Tasks.EventsAsync(Id, cancellationToken: Unwanted)).Events;
        }

        if (task.Progress is not null)
        {
            (_children, var next) = await Me.Api.Tasks.PageAsync(new() { ParentId = Id, Project = task.ProjectId, PageSize = ShownChildren }, Unwanted);
            _moreChildren = next is not null;
        }
        else
        {
            (_children, _moreChildren) = ([], false);
        }

        _parent = task.ParentId is { } parent ? await Me.Api.Tasks.GetAsync(parent, Unwanted) : null;
        await Names.LearnAsync([task.ServerId, .. _children.Select(c => c.ServerId)], Unwanted);
        _task = task;
    }

    private protected override bool Concerns(EventSubject subject) =>
        subject.Task.Value == Id || subject.Parent?.Value == Id || (_task?.ServerId is { } server && subject.Instance.Value == server);
}
