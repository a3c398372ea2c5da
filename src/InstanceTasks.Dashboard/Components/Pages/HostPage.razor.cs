using System.Text.Json.Nodes;
using InstanceTasks.Client;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Pages;

/// <summary>One host.</summary>
public sealed partial class HostPage : LivePage
{
    private const int Shown = 60;

    private HostView? _host;
    private int _machines;
    private IReadOnlyList<TaskInfo> _tasks = [];
    private bool _more;
    private IReadOnlyList<ServerInfo> _servers = [];
    private bool _moreServers;
    private string? _reason;
    private string? _refusal;
    private bool _sending;

    /// <summary>Which.</summary>
    [Parameter] public string Name { get; set; } = "";

    /// <inheritdoc/>
    protected override async Task LoadAsync()
    {
        var (hosts, machines) = await Stored.HostsAsync(Unwanted);
        _host = hosts.FirstOrDefault(h => h.Host.Value == Name);
        if (_host is null)
        {
            return;
        }

        _machines = machines.GetValueOrDefault(_host.Host);
        (_tasks, var next) = await Me.Api.Tasks.PageAsync(new() { Host = Name, AllProjects = true, States = [.. Wording.OpenStates, Client.TaskStates.NeedsAttention], PageSize = Shown }, Unwanted);
        _more = next is not null;
        await Names.LearnAsync(_tasks.Select(t => t.ServerId), Unwanted);
        var body = await Me.Api.GetAsync($"servers/detail?all_tenants=true&host={Uri.EscapeDataString(Name)}&limit={Shown}", Unwanted);
        (_servers, _moreServers) = ([.. body["servers"]!.AsArray().Select(s => ServerInfo.Of(s!))], body["servers_links"] is not null);
    }

    // The same call that "openstack compute service set" makes.
    private async Task SetAsync(string? reason)
    {
        _sending = true;
        try
        {
            var services = await Me.Api.GetAsync($"os-services?host={Uri.EscapeDataString(Name)}", Gone);
            var id = (string)services["services"]![0]!["id"]!;
            var body = reason is null ? new JsonObject { ["status"] = "enabled" } : new JsonObject { ["status"] = "disabled", ["disabled_reason"] = reason };
            await Me.Api.SendAsync(HttpMethod.Put, $"os-services/{id}", body, cancellationToken: Gone);
            (_reason, _refusal) = (null, null);
            await ReloadAsync();
        }
        catch (ApiException e)
        {
            _refusal = e.Message;
        }
        finally
        {
            _sending = false;
        }
    }
}
