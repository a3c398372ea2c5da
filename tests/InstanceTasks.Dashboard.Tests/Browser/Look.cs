using Microsoft.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>A screen and its colours.</summary>
public enum Look
{
    DesktopLight = 0,
    DesktopDark = 1,
    PhoneLight = 2,
    PhoneDark = 3,
}

internal static class Looks
{
    public static bool IsPhone(this Look look) => look is Look.PhoneLight or Look.PhoneDark;

    public static BrowserNewContextOptions Options(this Look look, Uri site) => new()
    {
        BaseURL = site.ToString(),
        ViewportSize = look.IsPhone() ? new() { Width = 390, Height = 844 } : new() { Width = 1280, Height = 800 },
        ColorScheme = look is Look.DesktopDark or Look.PhoneDark ? ColorScheme.Dark : ColorScheme.Light,
        IsMobile = look.IsPhone(),
        HasTouch = look.IsPhone(),
    };
}
