using System.Text.Json.Nodes;
using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Load;

/// <summary>One who sends calls one after the other, through whichever silo, and writes each down.</summary>
internal sealed class Caller(int number, ChaosCluster cluster, Recorder recorder, Random random)
{
    private const int TooManyRequests = 429;
    private const int Unavailable = 503;
    private const int FirstServerError = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(250);

    /// <summary>Who it is.</summary>
    public int Number => number;

    /// <summary>Sends a call once. What comes of it may stay unknown.</summary>
    public async Task<(Call Call, JsonNode? Body)> SendAsync(Call call, HttpMethod method, string path, JsonNode? body = null)
    {
        var silo = Choose();
        call = call with { Id = recorder.Next(), Client = number, Silo = silo.Name, Sent = recorder.Now };
        var answer = await silo.Http.SendAsync(method, path, body, call.Key, Patience);
        call = answer is null ? call : Answered(call, answer);
        recorder.Add(call);
        if (call.Status is null or Unavailable or TooManyRequests)
        {
            await Task.Delay(Breath, cluster.Time);
        }

        return (call, answer?.Body);
    }

    /// <summary>Sends a call with a key until its outcome is known, or <paramref name="stop"/> comes; then once more would be too late.</summary>
    public async Task<(Call Call, JsonNode? Body)> SendUntilKnownAsync(Call call, HttpMethod method, string path, JsonNode? body, CancellationToken stop)
    {
        while (true)
        {
            var result = await SendAsync(call, method, path, body);
            if (result.Call.Status is { } status and not TooManyRequests and < FirstServerError || stop.IsCancellationRequested)
            {
                return result;
            }
        }
    }

    /// <summary>Looks at a task, waiting a little for its end.</summary>
    public async Task<Call> ReadTaskAsync(Guid task, int wait) => (await SendAsync(Read(Call.ReadTask) with { Task = task }, HttpMethod.Get, $"/v2.1/tasks/{task}?wait={wait}")).Call;

    /// <summary>Looks at a server. The status is null where there is none to see.</summary>
    public async Task<(Call Call, string? Status)> ReadServerAsync(Guid server)
    {
        var (call, body) = await SendAsync(Read(Call.ReadServer) with { Server = server }, HttpMethod.Get, $"/v2.1/servers/{server}");
        return (call, (string?)body?["server"]?["status"]);
    }

    /// <summary>A call that is still to be sent.</summary>
    public static Call Read(string what) => new() { Id = 0, Client = 0, What = what, Silo = "", Sent = default };

    // Any that should be there, also one that stands still: clients do not know.
    private SiloSlot Choose()
    {
        List<SiloSlot> wanted = [.. cluster.Slots.Where(s => s.IsWanted)];
        return wanted.Count == 0 ? cluster.Slots[0] : wanted[random.Next(wanted.Count)];
    }

    private Call Answered(Call call, SiloAnswer answer) => call with
    {
        Answered = recorder.Now,
        Status = answer.Status,
        Task = answer.Task ?? call.Task,
        Server = call.Server ?? Id(answer.Body?["server"]?["id"]),
        Seq = (long?)answer.Body?["task"]?["checkpoint"]?["seq"],
        State = (string?)answer.Body?["task"]?["state"],
        Message = answer.Status >= 400 ? (string?)(answer.Body as JsonObject)?.FirstOrDefault().Value?["message"] : null,
    };

    private static Guid? Id(JsonNode? node) => node is null ? null : Guid.Parse((string)node!);
}
