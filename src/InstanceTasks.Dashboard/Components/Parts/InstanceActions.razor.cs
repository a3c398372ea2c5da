using System.Text.Json;
using InstanceTasks.Client;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Parts;

/// <summary>What may be done with an instance; each with its dry run before it is asked for.</summary>
public sealed partial class InstanceActions : ComponentBase
{
    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(300);

    // A plan stands under nothing else than what it was made for: whatever is changed takes it away, and what comes late is dropped.
    private readonly Latest<Look> _look = new();
    private int _choosing;
    private string? _chosen;
    private string? _value;
    private bool _queue;
    private bool _sending;
    private string? _refusal;
    private Guid? _made;
    private IReadOnlyList<(string Id, string Name)> _choices = [];

    /// <summary>The instance.</summary>
    [Parameter, EditorRequired] public Guid Server { get; set; }

    /// <summary>What the API says may be done.</summary>
    [Parameter, EditorRequired] public IReadOnlyList<AllowedTask> Offers { get; set; } = [];

    /// <summary>Told when something was asked for.</summary>
    [Parameter] public EventCallback OnDone { get; set; }

    [Inject] private Session Session { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    private IEnumerable<AllowedTask> Shown => Offers.Where(o => InstanceAction.Of(o.Kind) is not null).OrderBy(o => InstanceAction.PlaceOf(o.Kind));

    private CallTerms Terms => new() { QueueWhenBusy = _queue };

    // Live only with the plan of exactly what would be sent before one's eyes.
    private bool MaySend => !_sending && _look.Answer is { Plan.Decision: not "refuse" };

    private async Task ChooseAsync(string? kind)
    {
        _chosen = kind == _chosen ? null : kind;
        (_value, _queue, _refusal, _made, _choices) = (null, false, null, null, []);
        _look.Forget();
        var mine = ++_choosing;
        if (_chosen is null || InstanceAction.Of(_chosen) is not { } action)
        {
            return;
        }

        var (choices, problem) = await ChoicesAsync(action.Field?.Kind);
        if (mine == _choosing)
        {
            (_choices, _refusal) = (choices, problem);
            await LookAsync();
        }
    }

    // One look per pause, not per letter.
    private async Task ChangeAsync(string? value)
    {
        _value = value;
        var mine = _look.Forget();
        await Task.Delay(TypingPause, Time, CancellationToken.None);
        if (_look.IsNewest(mine))
        {
            await LookAsync();
        }
    }

    private Task QueueAsync(ChangeEventArgs e)
    {
        _queue = e.Value is true;
        return LookAsync();
    }

    // What it would do. A form that is not filled in says nothing yet.
    private Task LookAsync()
    {
        var (kind, action) = (_chosen!, InstanceAction.Of(_chosen!)!);
        if (action.Field is { Required: true } && string.IsNullOrEmpty(_value))
        {
            _look.Forget();
            return Task.CompletedTask;
        }

        return _look.AskAsync(() => PlanAsync(kind, action));
    }

    private async Task<Look> PlanAsync(string kind, InstanceAction action)
    {
        try
        {
            return new(await DryRunAsync(kind, action), null);
        }
        catch (ApiException e)
        {
            return new(null, e.Message);
        }
    }

    private async Task<DryRun> DryRunAsync(string kind, InstanceAction action)
    {
        if (action.Body is null)
        {
            return await Session.Api.Tasks.DryRunAsync(Server, kind, terms: Terms);
        }

        var answer = await Session.Api.SendAsync(HttpMethod.Post, $"servers/{Server}/action?dry_run=true", action.Body(Given), Terms);
        return answer["dry_run"].Deserialize<DryRun>(Wire)!;
    }

    private string? Given => string.IsNullOrEmpty(_value) ? null : _value;

    private async Task SendAsync()
    {
        // A second click may come before the button is off.
        if (!MaySend || _chosen is not { } kind)
        {
            return;
        }

        var action = InstanceAction.Of(kind)!;
        _sending = true;
        try
        {
            _made = action.Body is null ? (await Session.Api.Tasks.StartAsync(Server, kind, terms: Terms)).Id : await Session.Api.Servers.ActAsync(Server, action.Body(Given), Terms);
            (_chosen, _value, _refusal) = (null, null, null);
            _look.Forget();
            await OnDone.InvokeAsync();
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

    private async Task<(IReadOnlyList<(string Id, string Name)> Choices, string? Problem)> ChoicesAsync(string? field)
    {
        var (path, member) = field switch { "flavor" => ("flavors", "flavors"), "image" => ("v2/images", "images"), _ => ("", "") };
        try
        {
            return (path.Length == 0 ? [] : [.. ((await Session.Api.GetAsync(path))[member]?.AsArray() ?? []).Select(n => ((string)n!["id"]!, (string)n!["name"]!))], null);
        }
        catch (ApiException e)
        {
            return ([], $"What there is to choose from cannot be read: {e.Message}");
        }
    }

    private sealed record Look(DryRun? Plan, string? Problem);
}
