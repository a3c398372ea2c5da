using System.Text.RegularExpressions;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard.Components.Pages;

/// <summary>The list of instances.</summary>
public sealed partial class InstancesPage : LivePage
{
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(200);
    private static readonly string[] Statuses = ["", "ACTIVE", "BUILD", "SHUTOFF", "PAUSED", "SUSPENDED", "SHELVED_OFFLOADED", "VERIFY_RESIZE", "ERROR"];

    private IReadOnlyList<ServerInfo>? _servers;
    private bool _more;
    private int _typed;

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    [Inject] private IOptions<DashboardOptions> Options { get; set; } = null!;

    [Inject] private ServerNames Names { get; set; } = null!;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [SupplyParameterFromQuery] private string? Q { get; set; }

    [SupplyParameterFromQuery] private string? Status { get; set; }

    [SupplyParameterFromQuery] private string? Project { get; set; }

    [SupplyParameterFromQuery] private string? Host { get; set; }

    [SupplyParameterFromQuery] private Guid? After { get; set; }

    private bool HasFilter => new[] { Q, Status, Project, Host }.Any(v => !string.IsNullOrEmpty(v));

    /// <inheritdoc/>
    protected override async Task LoadAsync()
    {
        var body = await Me.Api.GetAsync(Path(), Unwanted);
        _servers = [.. body["servers"]!.AsArray().Select(s => ServerInfo.Of(s!))];
        _more = body["servers_links"] is not null;
        foreach (var server in _servers)
        {
            Names.Note(server.Id, server.Name);
        }
    }

    private protected override bool Concerns(EventSubject subject) => Me.Viewer.IsAdmin || subject.Project.Value == Me.Viewer.Project;

    private static string Text(ServerInfo server) => server.TaskState is { } state ? Wording.Words(state) : server.Fault ?? "";

    private string Path()
    {
        List<(string Name, string? Value)> query =
        [
            Guid.TryParse(Q, out var id) ? ("uuid", id.ToString()) : ("name", string.IsNullOrWhiteSpace(Q) ? null : Regex.Escape(Q.Trim())),
            ("status", Status), ("project_id", Me.Viewer.IsAdmin ? Project : null), ("host", Host), ("all_tenants", Me.Viewer.IsAdmin ? "true" : null),
            ("limit", $"{Options.Value.PageSize}"), ("marker", After?.ToString()),
        ];
        return $"servers/detail?{string.Join('&', query.Where(q => !string.IsNullOrEmpty(q.Value)).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value!)}"))}";
    }

    private string With(string name, string? value) => Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["after"] = null, [name] = value });

    private void Go(string name, ChangeEventArgs e) => Navigation.NavigateTo(With(name.ToLowerInvariant(), ((string?)e.Value)?.Trim() is { Length: > 0 } value ? value : null));

    // One search per pause, not per letter.
    private async Task SearchAsync(ChangeEventArgs e)
    {
        var mine = ++_typed;
        await Task.Delay(TypingPause, Clock, Gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (mine == _typed && !Gone.IsCancellationRequested)
        {
            Navigation.NavigateTo(With("q", (string?)e.Value is { Length: > 0 } text ? text : null), replace: true);
        }
    }
}
