using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Pages;

/// <summary>What is stored, for administrators.</summary>
public sealed partial class GrainsPage : LivePage
{
    private const int ShownDue = 100;
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(2);
    private static readonly string[] Kinds = ["instance", "task", "host", "project"];
    private static readonly JsonSerializerOptions Shown = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<(int Due, TimeSpan? Next)> _shards = [];
    private IReadOnlyList<LiveGeneration> _silos = [];
    private IReadOnlyList<SiloActivations> _active = [];
    private string? _activeProblem;
    private List<(string Name, string Value)> _facts = [];
    private string _document = "";
    private string _kind = "instance";
    private string? _key;
    private string? _read;

    [Inject] private TimeProvider Clock { get; set; } = null!;

    [SupplyParameterFromQuery] private string? Kind { get; set; }

    [SupplyParameterFromQuery] private string? Key { get; set; }

    /// <inheritdoc/>
    protected override async Task LoadAsync()
    {
        _silos = await Stored.SilosAsync(Unwanted);
        await LookAtActivationsAsync();
        List<(int, TimeSpan?)> shards = [];
        for (var i = 0; i < Shards.Count; i++)
        {
            var (due, next) = await Stored.ShardAsync(i, ShownDue, Unwanted);
            shards.Add((due.Count, next));
        }

        _shards.Clear();
        _shards.AddRange(shards);
        if (_read != Key + Kind)
        {
            (_kind, _key, _read) = (Kind ?? "instance", Key, Key + Kind);
        }

        (_facts, _document) = await ReadAsync(Kind ?? "instance", Key ?? "");
    }

    // The only thing here that is asked of silos and not read from the store: what is stored is shown also when no silo answers.
    private async Task LookAtActivationsAsync()
    {
        try
        {
            (_active, _activeProblem) = ((await Stored.ActiveAsync(Unwanted).WaitAsync(AnswerWithin, Clock, Unwanted)).Value, null);
        }
        catch (Exception e) when (e is not (OperationCanceledException or Client.ApiException))
        {
            (_active, _activeProblem) = ([], $"No silo says what is active: {e.Message}");
        }
    }

    private void LookUp() => Navigation.NavigateTo(Navigation.GetUriWithQueryParameters("grains", new Dictionary<string, object?> { ["kind"] = _kind, ["key"] = _key?.Trim() }));

    private Task<(List<(string, string)>, string)> ReadAsync(string kind, string key) => (kind, key) switch
    {
        ("task", _) when Guid.TryParse(key, out var id) => OfTaskAsync(new(id)),
        ("instance", _) when Guid.TryParse(key, out var id) => OfInstanceAsync(new(id)),
        ("host", { Length: > 0 }) => OfHostAsync(key),
        ("project", { Length: > 0 }) => OfProjectAsync(new(key)),
        _ => Task.FromResult<(List<(string, string)>, string)>(([], "")),
    };

    private async Task<(List<(string, string)>, string)> OfTaskAsync(TaskId id)
    {
        if (await Stored.TaskAsync(id, Unwanted) is not { Record: var task } stored)
        {
            return ([], "");
        }

        return ([
            ("Grain", id.GrainKey), ("Version (commits)", $"{task.Seq}"), ("Epoch", $"{task.Epoch}"), ("Turn", $"{task.Turn}"), ("Owner", OwnerOf(task.Generation)),
            ("Due", stored.DueIn is { } due ? due < TimeSpan.Zero ? $"since {Wording.Span(due.Negate())}" : $"in {Wording.Span(due)}" : "no more"), ("Wake-ups", $"{stored.Wakes}"), ("Shard", $"{Shards.Of(task.Instance)}"),
        ], Pretty(EngineJson.Write(task)));
    }

    private async Task<(List<(string, string)>, string)> OfInstanceAsync(InstanceId id)
    {
        if (await Stored.InstanceAsync(id, Unwanted) is not { } instance)
        {
            return ([], "");
        }

        var holder = instance.Holder is { } task ? (await Stored.TaskAsync(task.Id, Unwanted))?.Record : null;
        return ([
            ("Grain", id.GrainKey), ("Version", $"{instance.Version}"), ("Turn", $"{instance.Turn}"), ("Held by", holder is null ? "no task" : $"{holder.Kind} {Wording.Short(holder.Id.Value)}"),
            ("Epoch of that", holder is null ? "–" : $"{holder.Epoch}"), ("Owner", holder is null ? "–" : OwnerOf(holder.Generation)), ("Queue", $"{instance.Queue.Count}"), ("Shard", $"{Shards.Of(id)}"),
        ], Pretty(EngineJson.Write(instance)));
    }

    private async Task<(List<(string, string)>, string)> OfHostAsync(string name)
    {
        var (hosts, machines) = await Stored.HostsAsync(Unwanted);
        return hosts.FirstOrDefault(h => h.Host.Value == name) is { } host
            ? ([("Grain", host.Host.GrainKey), ("Machines", $"{machines.GetValueOrDefault(host.Host)}")], Pretty(EngineJson.Write(host)))
            : ([], "");
    }

    private async Task<(List<(string, string)>, string)> OfProjectAsync(ProjectId project) =>
        ([("Grain", project.GrainKey)], Pretty(EngineJson.Write(await Stored.ProjectAsync(project, Unwanted))));

    private string OwnerOf(long generation) => generation == 0 ? "nobody"
        : _silos.FirstOrDefault(s => s.Generation == generation) is { } silo ? $"{silo.Silo} (generation {generation})" : $"generation {generation}, whose lease is over";

    private static string Pretty(string json) => JsonNode.Parse(json)!.ToJsonString(Shown);
}
