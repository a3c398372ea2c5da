using InstanceTasks.TestKit;
using Microsoft.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>A window that notes what a browser complains about: blocked scripts and styles, failed requests, errors.</summary>
public sealed class Window(IBrowserContext context) : IAsyncDisposable
{
    private readonly List<string> _complaints = [];

    public IBrowserContext Context => context;

    public IReadOnlyList<string> Complaints => _complaints;

    public IPage Page { get; private set; } = null!;

    /// <summary>Opens a page and waits until it has shown what it has.</summary>
    public async Task<IPage> GotoAsync(string path)
    {
        if (Page is null)
        {
            Page = await context.NewPageAsync();
            Page.SetDefaultTimeout(20_000);
            Page.Console += (_, message) => Note(message.Type is "error" or "warning", message.Text);
            Page.PageError += (_, error) => Note(true, error);
        }

        await Page.GotoAsync($"/dashboard/{path}");
        await ReadyAsync();
        return Page;
    }

    /// <summary>Waits until nothing is being loaded any more.</summary>
    public async Task ReadyAsync()
    {
        await Page.Locator("main h1").First.WaitForAsync();
        await Page.Locator(".loading").WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    /// <summary>Fills in the form that is shown; again, where an identity service takes longer than a person would wait.</summary>
    public async Task SignInAsync(string user, string password = Site.Password, string? project = null)
    {
        var back = await Page.Locator("input[type=hidden][name='Form.Back']").InputValueAsync();
        var refusal = "";
        await Eventually.TrueAsync(
            async () =>
            {
                await Page.GetByLabel("User").FillAsync(user);
                await Page.GetByLabel("Password").FillAsync(password);
                if (project is not null)
                {
                    await Page.GetByLabel("Project").FillAsync(project);
                }

                await Page.EvaluateAsync("document.querySelector('[role=alert]')?.remove()");
                await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
                await Page.WaitForFunctionAsync("!location.pathname.endsWith('/sign-in') || document.querySelector('main [role=alert]')");
                refusal = Page.Url.Contains("/sign-in", StringComparison.Ordinal) ? await Page.GetByRole(AriaRole.Alert).First.InnerTextAsync() : "";
                return refusal.Length == 0;
            },
            TimeSpan.FromSeconds(90),
            "one is signed in",
            () => refusal);
        await Page.WaitForURLAsync($"**/dashboard{back}");
        await ReadyAsync();
    }

    public async ValueTask DisposeAsync() => await context.DisposeAsync();

    private void Note(bool isComplaint, string text)
    {
        if (isComplaint)
        {
            _complaints.Add(text);
        }
    }
}
