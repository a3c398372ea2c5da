using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Running;
using InstanceTasks.Engine;
using InstanceTasks.TestKit;

namespace InstanceTasks.CrashMatrix.Checking;

/// <summary>What clients see of server, instance action and task, compared with what is right.</summary>
internal sealed class WireCheck(ApiClient api, MatrixCell cell, Subject subject)
{
    // From 2.84 on events say everything; 2.21 and later show the actions of deleted servers.
    private const string Version = "2.84";

    private readonly List<string> _problems = [];

    /// <summary>What is wrong when all is over.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(Expectation right)
    {
        CheckServer(right.Ending, await ReadAsync($"/v2.1/servers/{subject.Instance}"));
        CheckAction(right.Ending, await ReadAsync($"/v2.1/servers/{subject.Instance}/os-instance-actions/{subject.Request}"));
        CheckTask(right.Ending, await ReadAsync($"/v2.1/tasks/{subject.Task}"));
        return _problems;
    }

    /// <summary>What is wrong while the task waits for an operator: the server is in error and idle, and says why.</summary>
    public async Task<IReadOnlyList<string>> FindInAttentionAsync()
    {
        if (await ReadAsync($"/v2.1/servers/{subject.Instance}") is { } server)
        {
            CheckState(server["server"]!, VmState.Error);
            Check(server["server"]!["fault"] is not null, () => "the server shows no fault");
        }

        var task = await ReadAsync($"/v2.1/tasks/{subject.Task}");
        Check(Text(task?["task"], "state") == "needs_attention", () => $"the task is {Text(task?["task"], "state")}");
        return _problems;
    }

    private void CheckServer(Ending ending, JsonNode? body)
    {
        var states = Expectation.StatesAfter(cell, ending);
        var gone = states is [VmState.Deleted] || (ending == Ending.NotAccepted && cell.Kind == TaskKinds.Create);
        if (gone || body is null)
        {
            Check(gone == (body is null), () => gone ? $"the server is still shown: {body}" : "the server is not shown");
            return;
        }

        var server = body["server"]!;
        var record = StateOf(server);
        Check(states.Contains(record), () => $"vm_state is {record}, right is {string.Join(" or ", states)}");
        CheckState(server, record);
        var failed = ending == Ending.Failed && cell.Plan.CountsForFault && record == VmState.Error;
        Check(server["fault"] is not null == failed, () => failed ? "the server shows no fault" : $"the server shows a fault: {server["fault"]}");
    }

    private static VmState StateOf(JsonNode server) =>
        ServerStatus.TryParseVmState(Text(server, "OS-EXT-STS:vm_state"), out var state) ? state : throw new InvalidOperationException($"No vm_state: {server}");

    private void CheckState(JsonNode server, VmState state)
    {
        Check(Text(server, "OS-EXT-STS:vm_state") == ServerStatus.WireName(state), () => $"vm_state is {Text(server, "OS-EXT-STS:vm_state")}, right is {ServerStatus.WireName(state)}");
        Check(server["OS-EXT-STS:task_state"] is null, () => $"task_state is {server["OS-EXT-STS:task_state"]} although nothing is under way");
        Check(Text(server, "status") == ServerStatus.Of(state, null), () => $"status is {Text(server, "status")}, right is {ServerStatus.Of(state, null)}");
    }

    private void CheckAction(Ending ending, JsonNode? body)
    {
        var shown = cell.Plan.NovaAction is not null && ending != Ending.NotAccepted;
        if (!shown || body is null)
        {
            Check(shown == (body is not null), () => shown ? "its instance action is not shown" : $"an instance action is shown: {body}");
            return;
        }

        var action = body["instanceAction"]!;
        var message = ending == Ending.Failed ? "Error" : null;
        Check(Text(action, "action") == cell.Plan.NovaAction, () => $"the instance action is {Text(action, "action")}, right is {cell.Plan.NovaAction}");
        Check(Text(action, "message") == message, () => $"the instance action's message is {Text(action, "message")}, right is {message ?? "none"}");
        var events = action["events"]!.AsArray();
        var named = cell.Plan.IsOneCommit || cell.Plan.Steps.Any(s => s.NovaEvent is not null);
        Check(events.Count > 0 == named || ending == Ending.Superseded, () => $"it has {events.Count} events");
        Check(events.All(e => Text(e, "finish_time") is not null && Text(e, "result") is not null), () => $"an event is not finished: {events}");
        Check(ending != Ending.Succeeded || cell.Fault == MatrixFault.Fail || events.All(e => Text(e, "result") == "Success"), () => $"an event failed: {events}");
        Check(ending != Ending.Failed || events.Any(e => Text(e, "result") == "Error"), () => $"no event says that it failed: {events}");
    }

    private void CheckTask(Ending ending, JsonNode? body)
    {
        if (ending == Ending.NotAccepted || body is null)
        {
            Check(ending == Ending.NotAccepted == (body is null), () => body is null ? "the task is not shown" : $"a task is shown: {body}");
            return;
        }

        var task = body["task"]!;
        var state = ending switch
        {
            Ending.Succeeded => "succeeded",
            Ending.Failed => "failed",
            _ => "canceled",
        };
        Check(Text(task, "state") == state, () => $"the task is {Text(task, "state")}, right is {state}");
        Check(Text(task, "kind") == cell.Kind.Name && Text(task, "server_id") == subject.Instance.ToString(), () => $"the task is shown as {Text(task, "kind")} of {Text(task, "server_id")}");
        Check(ending != Ending.Failed || task["failure"] is not null, () => "the task shows no failure");
    }

    private async Task<JsonNode?> ReadAsync(string path)
    {
        var answer = await api.SendAsync(HttpMethod.Get, path, microversion: Version);
        return answer.Status == HttpStatusCode.NotFound ? null : answer.Expect(HttpStatusCode.OK).Json;
    }

    private void Check(bool holds, Func<string> problem)
    {
        if (!holds)
        {
            _problems.Add($"wire: {problem()}");
        }
    }

    private static string? Text(JsonNode? node, string name) => node?[name]?.GetValue<string>();
}
