using System.Text.Json;
using InstanceTasks.Client;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.Components;

namespace InstanceTasks.Dashboard.Components.Parts;

/// <summary>A form that changes what is written of an instance, with the dry run of exactly what is filled in.</summary>
public sealed partial class RecordForm : ComponentBase
{
    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan TypingPause = TimeSpan.FromMilliseconds(300);

    private readonly Latest<Look> _look = new();
    private string[] _values = [];
    private bool _sending;
    private string? _refusal;

    /// <summary>The instance.</summary>
    [Parameter, EditorRequired] public Guid Server { get; set; }

    /// <summary>What is to be changed.</summary>
    [Parameter, EditorRequired] public RecordEdit Edit { get; set; } = null!;

    /// <summary>Told when it was changed.</summary>
    [Parameter] public EventCallback OnDone { get; set; }

    /// <summary>Told when it is to be left as it is.</summary>
    [Parameter] public EventCallback OnLeave { get; set; }

    [Inject] private Session Session { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    // What would be sent; null: the form is not filled in, or changes nothing.
    private RecordCall? Wanted => Edit.Fields.Zip(_values).Any(f => f.First.Required && f.Second.Length == 0) ? null : Edit.Call(_values);

    private bool MaySend => !_sending && _look.Answer is { Plan.Decision: not "refuse" };

    /// <inheritdoc/>
    protected override Task OnInitializedAsync()
    {
        _values = [.. Edit.Fields.Select(f => f.Value)];
        return LookAsync();
    }

    // One look per pause, not per letter.
    private async Task ChangeAsync(int at, string value)
    {
        (_values[at], _refusal) = (value, null);
        var mine = _look.Forget();
        await Task.Delay(TypingPause, Time, CancellationToken.None);
        if (_look.IsNewest(mine))
        {
            await LookAsync();
        }
    }

    private Task LookAsync()
    {
        if (Wanted is { } call)
        {
            return _look.AskAsync(() => PlanAsync(call));
        }

        _look.Forget();
        return Task.CompletedTask;
    }

    private async Task<Look> PlanAsync(RecordCall call)
    {
        try
        {
            var answer = await Session.Api.SendAsync(call.Method, call.Path + "?dry_run=true", call.Body);
            return new(answer["dry_run"].Deserialize<DryRun>(Wire)!, null);
        }
        catch (ApiException e)
        {
            return new(null, e.Message);
        }
    }

    private async Task SendAsync()
    {
        // A second click may come before the button is off.
        if (!MaySend || Wanted is not { } call)
        {
            return;
        }

        _sending = true;
        try
        {
            await Session.Api.SendAsync(call.Method, call.Path, call.Body);
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

    private sealed record Look(DryRun? Plan, string? Problem);
}
