using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary><c>POST /servers/{id}/action</c> (nova-api §3). Whether the state allows it is the engine's to say.</summary>
internal static class ActionRows
{
    public static IEnumerable<Exchange> All => [.. Plain, .. WithBody, .. Refused, .. NotServed];

    private static IEnumerable<Exchange> Plain =>
    [
        Act("os-start"), Act("os-stop"), Act("pause"), Act("unpause"), Act("suspend"), Act("resume"), Act("unrescue"), Act("lock"), Act("unlock"), Act("shelve"), Act("unshelve"), Act("confirmResize"),
        Act("revertResize"), Act("rescue"),
        Act("shelveOffload") with { Allowed = Allowed.AskedByAdministrators },
        Act("os-stop") with { Headers = [("Idempotency-Key", "k1")] },
        Act("rescue") with { Headers = [("Idempotency-Key", "k1")] },
        Act("os-stop") with { Path = PathOf(World.Active) + "?dry_run=true", As = "dry run" },
        Act("os-start") with { Path = PathOf(World.Active) + "?dry_run=true", As = "dry run" },
        Act("os-stop") with { Path = PathOf(World.Busy) + "?dry_run=true", As = "dry run" },
    ];

    private static IEnumerable<Exchange> WithBody =>
    [
        Act("reboot", """{"type":"SOFT"}"""), Act("reboot", """{"type":"HARD"}"""),
        Act("lock", """{"locked_reason":"mine"}""") with { From = 73 },
        Act("changePassword", """{"adminPass":"secret"}"""),
        Act("os-resetState", """{"state":"active"}""") with { Allowed = Allowed.AskedByAdministrators },
        Act("os-resetState", """{"state":"error"}""") with { Allowed = Allowed.AskedByAdministrators },
        Act("resize", """{"flavorRef":"3"}"""),
        Act("resize", """{"flavorRef":"3","OS-DCF:diskConfig":"AUTO"}"""),
        Act("createImage", """{"name":"saved","metadata":{"k":"v"}}"""),
        Act("createImage", """{"name":"saved"}""") with { Headers = [("Idempotency-Key", "k1")] },
        Act("rescue", """{"adminPass":"secret"}"""),
        Act("os-getConsoleOutput"), Act("os-getConsoleOutput", "{}"), Act("os-getConsoleOutput", """{"length":10}"""), Act("os-getConsoleOutput", """{"length":"-1"}"""),
        Act("os-getConsoleOutput", """{"length":null}""") with { Arrange = api => api.Consoles.Answer = FakeConsoles.Saying("") },
        Act("rescue", $$"""{"rescue_image_ref":"{{Sample.ImageId}}"}"""),
        .. World.Changed.Select(id => Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}"}""") with { Path = PathOf(id) }),
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}","name":"renamed","adminPass":"secret","metadata":{"a":"b"},"OS-DCF:diskConfig":"MANUAL","accessIPv4":"192.0.2.1"}"""),
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}"}""") with { Headers = [("Idempotency-Key", "k1")] },
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}","description":"d"}""") with { From = 19 },
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}","key_name":null}""") with { From = 54 },
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}","hostname":"guest"}""") with { From = 90 },
        Act("unshelve", """{"availability_zone":"nova"}""") with { From = 77, Path = PathOf(World.Offloaded) },
        Act("unshelve", """{"availability_zone":null}""") with { From = 91, Path = PathOf(World.Offloaded) },
        Act("unshelve", """{"host":"host-1"}""") with { From = 91, Path = PathOf(World.Offloaded), Allowed = Allowed.Administrators },
    ];

    private static IEnumerable<Exchange> Refused =>
    [
        Act("os-stop") with { Path = PathOf(World.Nowhere), Fault = 404 },
        Act("reboot", """{"type":"OTHER"}""") with { Fault = 400 },
        Act("resize", """{"flavorRef":"none"}""") with { Fault = 400 },
        Act("os-getConsoleOutput", """{"length":-2}""") with { Fault = 400 },
        Act("os-getConsoleOutput") with { Path = PathOf(World.Nowhere), Fault = 404 },
        Act("os-getConsoleOutput") with { Path = PathOf(World.Offloaded), Fault = 409 },
        Act("os-getConsoleOutput") with { Fault = 404, Arrange = api => api.Consoles.Answer = new() { Verdict = ConsoleVerdict.NoMachine } },
        Act("os-getConsoleOutput") with { Fault = 503, Arrange = api => api.Consoles.Answer = ConsoleAnswer.Unavailable("no worker reaches its host") },
        Act("os-getConsoleOutput") with { Path = PathOf(World.Active) + "?dry_run=true", Fault = 400 },
        Act("rebuild", $$"""{"imageRef":"{{World.Nowhere}}"}""") with { Fault = 400 },
        Act("pause", """{"a":1}""") with { Fault = 400 },
        Act("unshelve", """{"availability_zone":"nova"}""") with { From = 77, Fault = 409 },
        new("POST servers/{id}/action", PathOf(World.Active), _ => """{"dance":null}""") { Fault = 400 },
        new("POST servers/{id}/action", PathOf(World.Active), _ => """{"os-stop":null,"os-start":null}""") { Fault = 400 },
        Act("os-stop") with { Fault = 409, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.Busy, "Cannot 'stop' instance while it is in task_state rebooting", World.Rebooted) },
        Act("os-stop") with { Fault = 409, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.WrongState, "Cannot 'stop' instance while it is in vm_state stopped") },
        Act("unlock") with { Fault = 403, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.Forbidden, "Policy doesn't allow it.") },
        Act("os-stop") with { Fault = 503, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.Unavailable, "The quota is not reachable.") },
        Act("rebuild", $$"""{"imageRef":"{{Sample.ImageId}}"}""") with { Fault = 409, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.WrongState, "Cannot 'rebuild' instance") },
    ];

    /// <summary>Known, and refused at the versions that have them; elsewhere they do not exist.</summary>
    private static IEnumerable<Exchange> NotServed =>
    [
        .. NotYet("trigger_crash_dump", 17), .. NotYet("migrate"), .. NotYet("os-migrateLive"), .. NotYet("evacuate"), .. NotYet("createBackup"), .. NotYet("restore"), .. NotYet("forceDelete"),
        .. NotYet("injectNetworkInfo"), .. NotYet("addSecurityGroup"), .. NotYet("removeSecurityGroup"), .. NotYet("addFixedIp", 1, 43),
        .. NotYet("removeFixedIp", 1, 43), .. NotYet("addFloatingIp", 1, 43), .. NotYet("removeFloatingIp", 1, 43), .. NotYet("os-getVNCConsole", 1, 5), .. NotYet("os-getSPICEConsole", 1, 5),
        .. NotYet("os-getSerialConsole", 1, 5), .. NotYet("os-getRDPConsole", 1, 5),
        Act("resetNetwork") with { Fault = 410, Allowed = Allowed.AskedByAdministrators },
    ];

    private static IEnumerable<Exchange> NotYet(string action, int from = 1, int to = int.MaxValue)
    {
        yield return Act(action) with { From = from, To = to, Fault = 501, Allowed = Allowed.AskedByAdministrators };
        if (from > 1)
        {
            yield return Act(action) with { To = from - 1, Fault = 404, Allowed = Allowed.AskedByAdministrators };
        }

        if (to < int.MaxValue)
        {
            yield return Act(action) with { From = to + 1, Fault = 404, Allowed = Allowed.AskedByAdministrators };
        }
    }

    private static string PathOf(InstanceId id) => $"/v2.1/servers/{id}/action";

    private static Exchange Act(string action, string value = "null") => new($"POST servers/{{id}}/action {action}", PathOf(World.Active), _ => $$"""{"{{action}}":{{value}}}""");
}
