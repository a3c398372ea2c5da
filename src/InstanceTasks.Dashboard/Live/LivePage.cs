using InstanceTasks.Client;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Dashboard.Sessions;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard.Live;

/// <summary>
/// A page that keeps itself up to date: it is loaded when its address changes and when something happens that concerns it, one load at a time and no
/// more often than <see cref="DashboardOptions.RefreshEvery"/>.
/// </summary>
public abstract partial class LivePage : ComponentBase, IDisposable
{
    private Loads? _loads;
    private IDisposable? _subscription;

    [Inject] private ChangeFeed Feed { get; set; } = null!;

    [Inject] private Session Session { get; set; } = null!;

    [Inject] private TimeProvider Time { get; set; } = null!;

    [Inject] private IOptions<DashboardOptions> Options { get; set; } = null!;

    [Inject] private NavigationManager Navigation { get; set; } = null!;

    [Inject] private ILogger<LivePage> Logger { get; set; } = null!;

    /// <summary>Why the page could not be loaded; null: it could.</summary>
    protected string? Problem { get; private set; }

    /// <summary>Whether it has been loaded once.</summary>
    protected bool Loaded { get; private set; }

    /// <summary>Ends when the page is left.</summary>
    protected CancellationToken Gone => Scheduled.Gone;

    /// <summary>For what a load waits for: ends when the page has another address, or is left.</summary>
    protected CancellationToken Unwanted => Scheduled.Token;

    /// <summary>The time.</summary>
    protected DateTimeOffset Now => Time.GetUtcNow();

    private protected Session Me => Session;

    private Loads Scheduled => _loads ??= new(TryLoadAsync, Options.Value.RefreshEvery, Time);

    /// <inheritdoc/>
    protected override Task OnParametersSetAsync()
    {
        var scheduled = Scheduled;
        _subscription ??= Feed.Subscribe(OnChanges);
        return scheduled.NowAsync();
    }

    /// <summary>Loads what the page shows.</summary>
    protected abstract Task LoadAsync();

    private protected virtual bool Concerns(EventSubject subject) => true;

    /// <summary>Loads it again, now.</summary>
    protected Task ReloadAsync() => Scheduled.NowAsync();

    /// <summary>What a load has got of something that is shared; if it is older than the last change, the page looks again.</summary>
    private protected T Take<T>(Shared<T> shared)
    {
        if (shared.IsStale)
        {
            Scheduled.LookAgain();
        }

        return shared.Value;
    }

    /// <summary>Told by a load: what it shows changes without any event, so look again after the usual rest.</summary>
    private protected void KeepLooking() => Scheduled.LookAgain();

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Leaves the feed.</summary>
    protected virtual void Dispose(bool disposing)
    {
        _subscription?.Dispose();
        Scheduled.Dispose();
    }

    private void OnChanges(Changes changes)
    {
        if (changes.Any(Concerns))
        {
            _ = InvokeAsync(() => Scheduled.SoonAsync());
        }
    }

    private async Task<bool> TryLoadAsync(CancellationToken cancellationToken)
    {
        var loaded = await LoadedAsync(cancellationToken);
        StateHasChanged();
        return loaded;
    }

    // False: it may go better in a moment.
    private async Task<bool> LoadedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadAsync();
            if (!cancellationToken.IsCancellationRequested)
            {
                (Problem, Loaded) = (null, true);
            }

            return true;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody wants it any more.
            return true;
        }
        catch (ApiException e) when (e.Kind == ProblemKind.Unauthorized)
        {
            Navigation.NavigateTo($"sign-in?again=true&back={Uri.EscapeDataString("/" + Navigation.ToBaseRelativePath(Navigation.Uri))}", forceLoad: true);
            return true;
        }
        catch (ApiException e)
        {
            var mayPass = e.Kind is ProblemKind.TooMany or ProblemKind.Unavailable or ProblemKind.Unreachable or ProblemKind.Other;
            Problem = mayPass ? $"{e.Message} This page tries again." : e.Message;
            return !mayPass;
        }
        catch (StoreUnavailableException)
        {
            // Not told by the feed: what would have told of a change is read from the same store.
            Problem = "The store cannot be read now; this page tries again.";
            return false;
        }
        catch (Exception e)
        {
            LogFailed(Logger, e, GetType().Name);
            Problem = "This page could not be loaded; the error is in the silo's log. It tries again.";
            return false;
        }
    }
}
