using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests.Wire;

/// <summary>
/// Thousands of connections that hold on to the silo from this process: silent ones, some that never end their headers, some whose body comes byte by byte. The others are
/// served meanwhile, each of these is ended by the silo, and its memory comes back.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class ConnectionTests(ITestOutputHelper output) : IDisposable
{
    private const int OfEachKind = 1000;
    private const string Body = """{"server": {"name": "slow"}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TempDirectory _data = new("connections");
    private readonly List<Socket> _silent = [];
    private SiloProcess _silo = null!;

    public void Dispose()
    {
        _silent.ForEach(s => s.Dispose());
        _data.Dispose();
    }

    [Fact]
    public async Task Connections_ThousandsThatHoldOn_OthersAreServedAndMemoryComesBack()
    {
        _silo = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path });
        await using var silo = _silo;
        await ServeAsync();
        var before = MemoryOf(_silo.ProcessId);

        using var stop = new CancellationTokenSource(Patience);
        for (var i = 0; i < OfEachKind; i++)
        {
            _silent.Add(await ConnectAsync());
        }

        var halves = Enumerable.Range(0, OfEachKind).Select(_ => EndOfAsync("GET /v2.1/servers HTTP/1.1\r\nHost: a\r\nX-Half", "a", stop.Token)).ToList();
        var slow = Enumerable.Range(0, OfEachKind).Select(_ => EndOfAsync($"POST /v2.1/servers HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body[..8]}", null, stop.Token)).ToList();
        await ServeAsync();
        var most = MemoryOf(_silo.ProcessId);
        var ended = (Halves: await Task.WhenAll(halves), Slow: await Task.WhenAll(slow));
        await ServeAsync();
        _silent.ForEach(s => s.Dispose());

        Assert.All(ended.Halves, e => Assert.True(e.Length == 0 || e.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), e));
        Assert.All(ended.Slow, e => Assert.StartsWith("HTTP/1.1 408", e, StringComparison.Ordinal));
        Assert.All(ended.Slow, e => Assert.Contains("\"code\":408", e, StringComparison.Ordinal));
        Assert.Empty((await _silo.Api.GetAsync("/v2.1/servers?name=slow"))["servers"]!.AsArray());
        var allowed = (before * 6 / 5) + (64 << 20);
        await Eventually.TrueAsync(() => MemoryOf(_silo.ProcessId) <= allowed, TimeSpan.FromSeconds(60), "the memory comes back", () => $"{MemoryOf(_silo.ProcessId)} of {allowed} bytes");
        output.WriteLine($"report: {3 * OfEachKind} connections that hold on: resident memory {before >> 20} MiB before, {most >> 20} MiB with them, {MemoryOf(_silo.ProcessId) >> 20} MiB afterwards");
    }

    private async Task ServeAsync()
    {
        var server = await _silo.Api.CreateAndWaitAsync("served");
        await _silo.Api.SucceedAsync((await _silo.Api.DeleteServerAsync(server)).Expect(HttpStatusCode.NoContent));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers/detail")));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _silo.Setup.Url.Port);
        return socket;
    }

    /// <summary>What the silo says before it closes the connection; empty: nothing.</summary>
    /// <param name="beginning">What is sent at once.</param>
    /// <param name="drop">What is sent each second from then on; null: nothing more.</param>
    /// <param name="stop">The test's patience is over.</param>
    private async Task<string> EndOfAsync(string beginning, string? drop, CancellationToken stop)
    {
        using var socket = await ConnectAsync();
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning), stop);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var dripping = drop is null ? Task.CompletedTask : DripAsync(stream, Encoding.ASCII.GetBytes(drop), done.Token);
        var answer = await ReadToEndAsync(stream, stop);
        await done.CancelAsync();
        await dripping;
        return answer;
    }

    private static async Task DripAsync(NetworkStream stream, byte[] drop, CancellationToken stop)
    {
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await clock.WaitForNextTickAsync(stop))
            {
                await stream.WriteAsync(drop, stop);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The silo has closed the connection: that is what is waited for.
        }
    }

    private static async Task<string> ReadToEndAsync(NetworkStream stream, CancellationToken stop)
    {
        var text = new StringBuilder();
        var buffer = new byte[2048];
        try
        {
            while (await stream.ReadAsync(buffer, stop) is > 0 and var count)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Reset: the same as closed.
        }

        return text.ToString();
    }

    private static long MemoryOf(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line["VmRSS:".Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) << 10;
    }
}
