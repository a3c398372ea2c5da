namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>The Tasks API (design §8, task-control.md).</summary>
internal static class TaskRows
{
    public static IEnumerable<Exchange> All => [.. Reads, .. Makes, .. Commands, .. Holds];

    private static IEnumerable<Exchange> Reads =>
    [
        new("GET tasks", "/v2.1/tasks"),
        new("GET tasks", "/v2.1/tasks?limit=2"),
        new("GET tasks", "/v2.1/tasks?state=failed,running"),
        new("GET tasks", $"/v2.1/tasks?parent_id={World.Parent}"),
        new("GET tasks", "/v2.1/tasks?sort_key=updated_at&sort_dir=asc&sort_key=state"),
        new("GET tasks", "/v2.1/tasks?sort_key=body") { Fault = 400 },
        new("GET tasks", "/v2.1/tasks?state=none") { Fault = 400 },
        .. World.VisibleTasks.Select(id => new Exchange("GET tasks/{task}", $"/v2.1/tasks/{id}")),
        new("GET tasks/{task}", $"/v2.1/tasks/{World.Nowhere}") { Fault = 404 },
        new("GET tasks/events", "/v2.1/tasks/events"),
        new("GET tasks/events", "/v2.1/tasks/events?after=3&limit=2&kind=create"),
        new("GET tasks/events", "/v2.1/tasks/events?after=1000") { Fault = 410 },
        new("GET tasks/events", "/v2.1/tasks/events?after=x") { Fault = 400 },
        new("GET tasks/events", "/v2.1/tasks/events?all_projects=true") { Allowed = Allowed.Administrators },
        new("GET tasks/{task}/events", $"/v2.1/tasks/{World.Created}/events"),
        new("GET tasks/{task}/events", $"/v2.1/tasks/{World.Parent}/events?after=2&limit=1"),
        new("GET tasks/{task}/events", $"/v2.1/tasks/{World.Nowhere}/events") { Fault = 404 },
        new("GET servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks"),
        new("GET servers/{id}/tasks", $"/v2.1/servers/{World.Deleted}/tasks"),
        new("GET servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks?allowed=true") { As = "GET servers/{id}/tasks allowed" },
        new("GET servers/{id}/tasks", $"/v2.1/servers/{World.Busy}/tasks?allowed=true") { As = "GET servers/{id}/tasks allowed" },
        new("GET servers/{id}/tasks", $"/v2.1/servers/{World.Nowhere}/tasks") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> Makes =>
    [
        new("POST servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks", _ => """{"task":{"kind":"stop","parameters":{},"deadline":60,"priority":"low"}}"""),
        new("POST servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks", _ => """{"task":{"kind":"stop"}}""") { Headers = [("Idempotency-Key", "k1")] },
        new("POST servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks?dry_run=true", _ => """{"task":{"kind":"stop"}}""") { As = "dry run" },
        new("POST servers/{id}/tasks", $"/v2.1/servers/{World.Active}/tasks", _ => """{"task":{"kind":"dance"}}""") { Fault = 400 },
        new("POST servers/{id}/tasks", $"/v2.1/servers/{World.Nowhere}/tasks", _ => """{"task":{"kind":"stop"}}""") { Fault = 404 },
        new("POST tasks", "/v2.1/tasks", _ => $$$"""{"task":{"kind":"stop","selector":{"ids":["{{{World.Active}}}"]},"concurrency":2,"failure_budget":1}}"""),
        new("POST tasks", "/v2.1/tasks?dry_run=true", _ => $$$$"""{"task":{"kind":"stop","selector":{"ids":["{{{{World.Active}}}}"]}}}""") { As = "dry run of many" },
        new("POST tasks", "/v2.1/tasks", _ => """{"task":{"kind":"stop","selector":{}}}""") { Fault = 400 },
    ];

    private static IEnumerable<Exchange> Commands =>
    [
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Running}/action", _ => """{"cancel":{"reason":"enough"}}"""),
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Running}/action", _ => """{"pause":null}"""),
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Paused}/action", _ => """{"resume":null}"""),
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Rebooted}/action", _ => """{"retry":null}"""),
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Running}/action?dry_run=true", _ => """{"cancel":null}""") { As = "dry run of a command" },
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Running}/action", _ => """{"dance":null}""") { Fault = 400 },
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Running}/action", _ => """{"cancel":null}""")
        {
            Fault = 409, Arrange = api => api.Commands.OnCommand = _ => new() { Accepted = false, Refusal = new(RefusalKind.NotNow, "It is past its point of no return.") },
        },
        new("POST tasks/{task}/action", $"/v2.1/tasks/{World.Nowhere}/action", _ => """{"cancel":null}""") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> Holds =>
    [
        new("GET tasks/holds", "/v2.1/tasks/holds") { Allowed = Allowed.Administrators },
        new("GET tasks/holds", "/v2.1/tasks/holds?removed=true") { Allowed = Allowed.Administrators },
        new("POST tasks/holds", "/v2.1/tasks/holds", _ => """{"hold":{"host":"host-1","kind":"stop","reason":"repair"}}""") { Allowed = Allowed.Administrators },
        new("POST tasks/holds", "/v2.1/tasks/holds", _ => """{"hold":{"reason":"none"}}""") { Allowed = Allowed.Administrators, Fault = 400 },
        new("DELETE tasks/holds/{hold}", $"/v2.1/tasks/holds/{World.Hold}") { Allowed = Allowed.Administrators },
        new("DELETE tasks/holds/{hold}", $"/v2.1/tasks/holds/{World.Nowhere}") { Allowed = Allowed.Administrators, Fault = 404 },
    ];
}
