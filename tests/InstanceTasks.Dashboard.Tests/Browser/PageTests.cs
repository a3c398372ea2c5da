using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>Every page, on a desktop and a phone, in light and dark: it shows itself whole, says nothing on the console, and can be used by all.</summary>
[Collection(SiteGroup.Name)]
public sealed class PageTests(Site site)
{
    private static readonly string[] Names = ["overview", "attention", "tasks", "task", "instances", "instance", "hosts", "host", "events", "machines", "grains"];

    public static TheoryData<string> Pages => [.. Names];

    [BrowserTheory, MemberData(nameof(Pages))]
    public async Task Page_OnEachScreenInBothColours_IsWholeAndAccessible(string name)
    {
        foreach (var look in Enum.GetValues<Look>())
        {
            await using var window = await site.OpenAsync(look: look);
            var page = await window.GotoAsync(PathOf(name));

            if (name == "grains")
            {
                // Calls per second are known when two renewals of the lease have been seen.
                await page.GetByText(" a second").WaitForAsync();
                Assert.True(await page.EvaluateAsync<bool>("(() => { const a = document.querySelector('.top nav a.active').getBoundingClientRect(); return a.left >= 0 && a.right <= innerWidth; })()"), $"the navigation does not show where one is as {look}");
            }

            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, $"{name}-{look}.png") });
            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, $"{name}-{look}-whole.png"), FullPage = true });
            Assert.NotEmpty(await page.Locator("main h1").First.InnerTextAsync());
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth") <= 0, $"{name} scrolls sideways as {look}");
            Assert.Empty(window.Complaints);
            if (look is Look.DesktopDark or Look.PhoneLight)
            {
                // Roles, names and contrast: each of the two layouts and each of the two sets of colours has been looked at without them.
                continue;
            }

            var found = await page.RunAxe(new AxeRunOptions { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] } });
            Assert.True(found.Violations.Length == 0, $"{name} as {look}:\n{string.Join('\n', found.Violations.SelectMany(v => v.Nodes.Select(n => $"{v.Id}: {n.Html} {string.Join(' ', n.Any.Select(c => c.Message))}")))}");
            Assert.NotEmpty(found.Passes);
        }
    }

    [BrowserFact]
    public async Task SignInPage_OnEachScreen_IsWholeAndAccessible()
    {
        foreach (var look in Enum.GetValues<Look>())
        {
            await using var window = await site.OpenAsync(user: null, look);
            var page = await window.GotoAsync("");

            await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, $"sign-in-{look}.png") });
            var found = await page.RunAxe();
            Assert.True(found.Violations.Length == 0, string.Join('\n', found.Violations.Select(v => $"{v.Id}: {v.Help}")));
        }
    }

    [BrowserFact]
    public async Task Keyboard_FromTheTop_ReachesTheContentAndTheFirstRow()
    {
        await using var window = await site.OpenAsync();
        var page = await window.GotoAsync("machines");
        // The page has put the focus onto its heading: begin where somebody does who reads from the top.
        await page.EvaluateAsync("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')");

        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("To the content", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("main", await page.EvaluateAsync<string>("document.activeElement.id"));
        await page.Keyboard.PressAsync("Tab");
        Assert.Equal("building", await page.EvaluateAsync<string>("document.activeElement.textContent"));
        Assert.NotEqual("none", await page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"));
    }

    [BrowserFact]
    public async Task ThemeSwitch_Pressed_ChangesTheColoursAndIsKept()
    {
        await using var window = await site.OpenAsync(look: Look.DesktopLight);
        var page = await window.GotoAsync("machines");
        var light = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");

        await page.GetByRole(Microsoft.Playwright.AriaRole.Button, new() { Name = "Colours" }).ClickAsync();
        var dark = await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");
        await window.GotoAsync("machines");

        Assert.NotEqual(light, dark);
        Assert.Equal(dark, await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
    }

    private string PathOf(string name) => name switch
    {
        "overview" => "",
        "task" => $"tasks/{site.Stuck}",
        "instance" => $"instances/{site.Instances["web-1"]}",
        "host" => "hosts/sim-1",
        "grains" => $"grains?kind=task&key={site.Stuck}",
        _ => name,
    };
}
