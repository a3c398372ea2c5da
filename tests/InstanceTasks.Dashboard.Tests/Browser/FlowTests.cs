using System.Globalization;
using System.Text.Json.Nodes;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using InstanceTasks.TestKit;
using Microsoft.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>What one does with it, from the first click to the end.</summary>
[Collection(SiteGroup.Name)]
public sealed class FlowTests(Site site)
{
    [BrowserFact]
    public async Task Instance_StoppedWithItsDryRun_ShowsItsNewStateByItself()
    {
        var id = await site.CreateAsync("ann", "flow-stop");
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync($"instances/{id}");

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.GetByText("It would begin now.").WaitForAsync();
        Assert.Contains("shut down guest", await page.Locator(".dry-run").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Equal("ACTIVE", await StatusAsync(page));

        await page.Locator("form.confirm button[type=submit]").ClickAsync();
        await page.GetByText("Accepted:").WaitForAsync();
        await page.Locator(".head .state", new() { HasText = "SHUTOFF" }).WaitForAsync();
        await page.Locator(".track-name", new() { HasText = "stop" }).WaitForAsync();
        Assert.Empty(window.Complaints);
    }

    [BrowserFact]
    public async Task Instance_EveryKindOfForm_IsAskedForByItsOwnCall()
    {
        var id = await site.CreateAsync("ann", "flow-forms");
        await using var window = await site.OpenAsync("root");
        var page = await window.GotoAsync($"instances/{id}");

        await ActAsync(page, "Create image", form => form.Locator("input").FillAsync("snapshot"));
        await ActAsync(page, "Change password", form => form.Locator("input").FillAsync("new secret"));
        await ActAsync(page, "Lock", form => form.Locator("input").FillAsync("not today"));
        await page.GetByText("locked: not today").WaitForAsync();
        await ActAsync(page, "Unlock");
        await ActAsync(page, "Hard reboot");
        await ActAsync(page, "Resize", form => form.Locator("select").SelectOptionAsync(new SelectOptionValue { Label = "m1.small" }));
        await page.Locator(".head .state", new() { HasText = "VERIFY RESIZE" }).WaitForAsync();
        await ActAsync(page, "Confirm resize");
        await ActAsync(page, "Reset to error");
        await page.Locator(".head .state", new() { HasText = "ERROR" }).WaitForAsync();
        await ActAsync(page, "Delete");
        await page.GetByText("It is gone.").WaitForAsync();
    }

    [BrowserFact]
    public async Task Console_ReadAndReadAgainWithTheKeyboard_ShowsWhatTheGuestWrote()
    {
        var id = await site.CreateAsync("ann", "flow-console");
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync($"instances/{id}");
        var console = page.GetByRole(AriaRole.Region, new() { Name = "Console", Exact = true });
        var output = console.GetByRole(AriaRole.Region, new() { Name = "Console output" });
        Assert.Equal(0, await output.CountAsync());

        await console.GetByRole(AriaRole.Button, new() { Name = "Read" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await output.WaitForAsync();
        Assert.Contains("Simulated guest, start 1", await output.InnerTextAsync(), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("Console output", await page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"));
        await console.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, "instance-console.png") });
        var found = await console.RunAxe();
        Assert.True(found.Violations.Length == 0, string.Join('\n', found.Violations.Select(v => $"{v.Id}: {v.Help}")));

        await site.WaitAsync("ann", await AskAsync(id, new() { ["reboot"] = new JsonObject { ["type"] = "HARD" } }));
        await console.GetByLabel("Show").SelectOptionAsync(new SelectOptionValue { Label = "all that is kept" });
        await console.GetByRole(AriaRole.Button, new() { Name = "Read again" }).ClickAsync();
        await output.GetByText("Simulated guest, start 2").WaitForAsync();

        await site.WaitAsync("ann", await AskAsync(id, new() { ["shelve"] = null }));
        await console.GetByRole(AriaRole.Button, new() { Name = "Read again" }).ClickAsync();
        await console.GetByRole(AriaRole.Alert).GetByText("is not ready").WaitForAsync();
        Assert.Empty(window.Complaints);
    }

    [BrowserFact]
    public async Task Instance_DescriptionTagsAndMetadata_AreChangedInTheirForms()
    {
        var id = await site.CreateAsync("ann", "flow-record");
        await using var window = await site.OpenAsync("ann", Look.PhoneDark);
        var page = await window.GotoAsync($"instances/{id}");

        await RecordAsync(page, "Change name and description", "Change", ("Name", "flow-renamed"), ("Description", "the <b>first</b> one"));
        await page.GetByRole(AriaRole.Heading, new() { Name = "flow-renamed" }).WaitForAsync();
        await page.GetByText("the <b>first</b> one").WaitForAsync();
        await RecordAsync(page, "Add tag", "Add", ("Tag", ".."));
        await RecordAsync(page, "Add tag", "Add", ("Tag", "blue green"));
        await RecordAsync(page, "Add metadata", "Add", ("Key", ".."), ("Value", "up"));
        await RecordAsync(page, "Add metadata", "Add", ("Key", "role"), ("Value", "web"));
        await RecordAsync(page, "Change metadata role", "Change", ("Value", "db"));
        var server = (await site.CallAsync("ann", HttpMethod.Get, $"/v2.1/servers/{id}")).Json["server"]!;
        Assert.Equal("""{"..":"up","role":"db"}""", server["metadata"]!.ToJsonString());
        Assert.Equal(["..", "blue green"], server["tags"]!.AsArray().Select(t => (string)t!).Order());

        await page.GetByRole(AriaRole.Button, new() { Name = "Change metadata role", Exact = true }).ClickAsync();
        await page.Locator("form.confirm input").FillAsync("cache");
        await page.Locator(".dry-run").WaitForAsync();
        await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, "instance-record-PhoneDark.png"), FullPage = true });
        var found = await page.RunAxe(new AxeRunOptions { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] } });
        Assert.True(found.Violations.Length == 0, string.Join('\n', found.Violations.SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {n.Html}"))));
        await page.GetByRole(AriaRole.Button, new() { Name = "Leave it" }).ClickAsync();

        // Two dots in an address lead one level up, where a DELETE is the end of the server.
        await RecordAsync(page, "Remove tag ..", "Remove");
        await RecordAsync(page, "Remove metadata ..", "Remove");
        await RecordAsync(page, "Remove tag blue green", "Remove");
        server = (await site.CallAsync("ann", HttpMethod.Get, $"/v2.1/servers/{id}")).Json["server"]!;
        Assert.Equal("""{"role":"db"}""", server["metadata"]!.ToJsonString());
        Assert.Empty(server["tags"]!.AsArray());
        Assert.Equal(("ACTIVE", "flow-renamed"), ((string)server["status"]!, (string)server["name"]!));
        Assert.Empty(window.Complaints);
    }

    [BrowserFact]
    public async Task Instance_ChangeThatIsRefused_SaysWhyAndCannotBeSent()
    {
        var id = await site.CreateAsync("ann", "flow-refused");
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync($"instances/{id}");
        var card = page.Locator("section[aria-label='What is written of it']");
        await card.GetByRole(AriaRole.Button, new() { Name = "Add metadata", Exact = true }).ClickAsync();
        await card.GetByLabel("Key").FillAsync("no/slash");
        await card.GetByText("does not match").WaitForAsync();
        Assert.True(await card.Locator("form.confirm button[type=submit]").IsDisabledAsync());

        await site.CallAsync("root", HttpMethod.Post, $"/v2.1/servers/{id}/action", new JsonObject { ["lock"] = new JsonObject { ["locked_reason"] = "audit" } });
        await card.GetByText("can be changed now").WaitForAsync();
        // A lock keeps tags and metadata as they are, and not the name: as in Nova.
        Assert.Equal(["Change name and description"], await card.Locator(".commands button").AllInnerTextsAsync());
    }

    [BrowserFact]
    public async Task Grains_OfASiloThatWorks_ShowHowOftenItIsCalled()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("grains");
        var row = page.Locator("section", new() { HasText = "processes whose lease lives" }).Locator("tbody tr");
        await row.GetByText("a second").WaitForAsync();
        var before = await CallsAsync(row);
        await site.CreateAsync("ann", "flow-calls");

        await Eventually.TrueAsync(async () => await CallsAsync(row) > before, TimeSpan.FromSeconds(20), "the calls of a create are counted");
    }

    [BrowserFact]
    public async Task Tasks_PausedResumedAndCanceled_SaySoAtEachStep()
    {
        var id = await site.CreateAsync("ann", "flow-task");
        // Longer than anybody looks: whatever the machine is busy with, it is under way all the time.
        site.World.SetLatency(Verb.Shutdown, TimeSpan.FromMinutes(10));
        try
        {
            var running = await AskAsync(id, new() { ["os-stop"] = null });
            var queued = await AskAsync(id, new() { ["os-start"] = null });
            await using var window = await site.OpenAsync("ann");
            var page = await window.GotoAsync($"tasks/{running}");

            await CommandAsync(page, "Pause");
            await page.Locator(".head .state", new() { HasText = "pausing" }).WaitForAsync();
            await CommandAsync(page, "Resume");
            await page.Locator(".head .state", new() { HasText = "running" }).WaitForAsync();

            await window.GotoAsync($"tasks/{queued}");
            await page.Locator($".why a[href='tasks/{running}']").WaitForAsync();
            await CommandAsync(page, "Cancel", "too late");
            await page.Locator(".head .state", new() { HasText = "canceled" }).WaitForAsync();
            await page.GetByText("too late").First.WaitForAsync();
        }
        finally
        {
            site.World.SetLatency(Verb.Shutdown, TimeSpan.FromMilliseconds(50));
        }
    }

    [BrowserFact]
    public async Task Task_ThatNeedsAttention_IsRetriedFromTheInbox()
    {
        var id = await site.CreateAsync("ann", "flow-stuck");
        var fault = site.World.Fail(Verb.Undefine, id, FailureKinds.Hypervisor, "The hypervisor says no.");
        var task = (await site.CallAsync("ann", HttpMethod.Delete, $"/v2.1/servers/{id}")).Task!.Value;
        await site.WaitAsync("ann", task);
        Assert.True(site.World.Fired(fault) > 0);
        site.World.ClearFaults();

        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync("attention");
        var card = page.Locator("article", new() { Has = page.Locator($"a[href='tasks/{task}']") });
        await card.GetByRole(AriaRole.Button, new() { Name = "Skip" }).ClickAsync();
        Assert.Equal("true", await card.Locator("form.confirm input").EvaluateAsync<string>("i => String(i.required)"));
        await card.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await card.Locator("form.confirm button[type=submit]").ClickAsync();

        await card.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal("succeeded", (string)(await site.WaitAsync("ann", task))["state"]!);
    }

    /// <summary>What a first-time operator asks: why is this server stuck, and what does each button do?</summary>
    [BrowserFact]
    public async Task Overview_ByItsBars_LeadsToWhyAServerIsStuckAndWhatMayBeDone()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("");
        await page.Locator("main").GetByRole(AriaRole.Link, new() { Name = "error", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "stuck", Exact = true }).ClickAsync();

        var going = page.Locator(".going-on");
        await going.GetByText("The hypervisor says no.").WaitForAsync();
        Assert.Equal($"tasks/{site.Stuck}", await going.Locator("a").First.GetAttributeAsync("href"));
        await going.GetByRole(AriaRole.Link, new() { Name = "Decide" }).ClickAsync();

        var card = page.Locator("article", new() { Has = page.Locator($"a[href='tasks/{site.Stuck}']") });
        await card.Locator(".effects dt", new() { HasText = "Retry" }).WaitForAsync();
        var effects = await card.Locator(".effects dd").AllInnerTextsAsync();
        Assert.Equal(await card.Locator(".commands button").CountAsync(), effects.Distinct().Count());
    }

    [BrowserFact]
    public async Task History_OfATask_ShowsItAsOfACommitAndWhatChanged()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync($"tasks/{site.Stuck}");

        await page.GetByTitle("The task as of commit 2").ClickAsync();
        await page.GetByText("As of commit 2").WaitForAsync();
        Assert.Contains("power-off", await page.Locator(".fields tr.differs").AllInnerTextsAsync() is var rows ? string.Join('\n', rows) : "", StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Lists_SearchedAndFiltered_ShowThoseAlone()
    {
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync("instances");
        await page.GetByLabel("Search by name or id").PressSequentiallyAsync("web-2");
        await page.Locator("tbody tr").Filter(new() { HasText = "web-1" }).First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.Equal(1, await page.Locator("tbody tr").CountAsync());

        await window.GotoAsync("tasks");
        await page.GetByLabel("Kind").SelectOptionAsync("stop");
        await page.WaitForFunctionAsync("location.search === '?kind=stop'");
        await page.Locator("tbody tr").Filter(new() { HasText = "create" }).First.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.True(await page.Locator("tbody tr").CountAsync() > 0);
    }

    [BrowserFact]
    public async Task Host_DrainedAndEnabled_SaysSo()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("hosts/sim-3");
        await page.GetByLabel("Drain it because").FillAsync("new memory");
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain" }).ClickAsync();
        await page.GetByText("new memory").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Enable" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain" }).WaitForAsync();
    }

    [BrowserFact]
    public async Task Events_WhileOneLooks_ComeByThemselvesAndCanBeHeld()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("events");
        await site.CreateAsync("ann", "flow-event");
        await page.Locator(".events li", new() { HasText = "flow-event" }).First.WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "Hold" }).ClickAsync();
        await page.GetByText("held: nothing new is shown").WaitForAsync();
    }

    [BrowserFact]
    public async Task Page_OverAKilledSilo_ComesBackByItself()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("instances");

        await site.KillAsync();
        await page.GetByText("The connection is lost.").WaitForAsync();
        await site.StartAgainAsync();
        await page.GetByText("The connection is lost.").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await window.ReadyAsync();

        var id = await site.CreateAsync("ann", "after-the-crash");
        await page.Locator($"a[href='instances/{id}']").WaitForAsync();
    }

    /// <summary>Found in review: after the cookie's end the page said "Trying again" for ever.</summary>
    [BrowserFact]
    public async Task Page_WhoseSessionEndsWhileItsConnectionIsLost_LeadsToTheForm()
    {
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync("instances?status=ACTIVE");

        await site.KillAsync();
        await page.GetByText("The connection is lost.").WaitForAsync();
        await window.Context.ClearCookiesAsync();
        await site.StartAgainAsync();

        await page.GetByText("Your session is over.").WaitForAsync();
        Assert.Equal("/instances?status=ACTIVE", await page.Locator("input[type=hidden][name='Form.Back']").InputValueAsync());
    }

    /// <summary>Found in review: a plan could stand under another action than its own, and be sent without any.</summary>
    [BrowserFact]
    public async Task Instance_ActionThatIsChosenAnew_CanBeSentOnlyWithItsOwnPlan()
    {
        var id = await site.CreateAsync("ann", "flow-plans");
        await using var window = await site.OpenAsync("ann");
        var page = await window.GotoAsync($"instances/{id}");
        var actions = page.Locator("section[aria-label=Actions]");
        var send = actions.Locator("form.confirm button[type=submit]");

        await actions.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await actions.GetByText("shut down guest").WaitForAsync();
        await actions.GetByRole(AriaRole.Button, new() { Name = "Create image", Exact = true }).ClickAsync();

        await actions.GetByLabel("Name of the image").WaitForAsync();
        Assert.Equal(0, await actions.GetByText("shut down guest").CountAsync());
        Assert.True(await send.IsDisabledAsync());
        await actions.GetByLabel("Name of the image").PressSequentiallyAsync("shot");
        await actions.Locator(".dry-run").WaitForAsync();
        Assert.Equal("shot", await actions.GetByLabel("Name of the image").InputValueAsync());
        Assert.True(await send.IsEnabledAsync());
        await actions.GetByLabel("Name of the image").FillAsync("");
        await actions.Locator(".dry-run").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        Assert.True(await send.IsDisabledAsync());
    }

    private async Task<Guid> AskAsync(Guid server, JsonObject action) =>
        (await site.CallAsync("ann", HttpMethod.Post, $"/v2.1/servers/{server}/action", action, ("When-Busy", "queue"))).Task!.Value;

    private static Task<string> StatusAsync(IPage page) => page.Locator(".head .state").First.InnerTextAsync();

    private static async Task ActAsync(IPage page, string name, Func<ILocator, Task>? fill = null)
    {
        await page.Locator("section[aria-label=Actions]").GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
        var form = page.Locator("form.confirm");
        await form.WaitForAsync();
        if (fill is not null)
        {
            await fill(form);
            await form.Locator("input, select").First.BlurAsync();
        }

        await form.Locator(".dry-run").WaitForAsync();
        await form.Locator("button[type=submit]").ClickAsync();
        await page.GetByText("Accepted:").WaitForAsync();
    }

    private static async Task<long> CallsAsync(ILocator row) => long.Parse(await row.Locator("td").Nth(3).InnerTextAsync(), NumberStyles.Number, CultureInfo.InvariantCulture);

    private static async Task RecordAsync(IPage page, string open, string send, params (string Field, string Value)[] values)
    {
        var card = page.Locator("section[aria-label='What is written of it']");
        await card.GetByRole(AriaRole.Button, new() { Name = open, Exact = true }).ClickAsync();
        var form = card.Locator("form.confirm");
        foreach (var (field, value) in values)
        {
            await form.GetByLabel(field, new() { Exact = true }).FillAsync(value);
        }

        await form.Locator(".dry-run").WaitForAsync();
        await form.GetByRole(AriaRole.Button, new() { Name = send, Exact = true }).ClickAsync();
        await form.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await card.GetByText($"{open}: accepted.").WaitForAsync();
    }

    private static async Task CommandAsync(IPage page, string name, string? reason = null)
    {
        await page.Locator(".commands").GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();
        if (reason is not null)
        {
            await page.Locator("form.confirm input").FillAsync(reason);
        }

        await page.Locator("form.confirm button[type=submit]").ClickAsync();
        await page.Locator("form.confirm").WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }
}
