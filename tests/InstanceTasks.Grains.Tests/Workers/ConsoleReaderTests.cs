using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Workers;

public sealed class ConsoleReaderTests
{
    private readonly ScriptedHypervisor _hypervisor = new();

    [Theory]
    [InlineData(null, "one\ntwo\nlogin: ")]
    [InlineData(-1, "one\ntwo\nlogin: ")]
    [InlineData(2, "two\nlogin: ")]
    [InlineData(0, "")]
    public async Task Read_ALog_IsItsLastLines(int? lines, string expected)
    {
        _hypervisor.OnConsole = (_, _, _) => Task.FromResult<string?>("one\ntwo\nlogin: ");

        var answer = await ReadAsync(lines);

        Assert.Equal((ConsoleVerdict.Read, expected, null), (answer.Verdict, answer.Output, answer.Reason));
        Assert.Empty(_hypervisor.Calls);
    }

    [Fact]
    public async Task Read_NoSuchMachine_SaysSo() => Assert.Equal(new() { Verdict = ConsoleVerdict.NoMachine }, await ReadAsync());

    [Fact]
    public async Task Read_TheHypervisorFails_SaysItWithoutItsDetails()
    {
        _hypervisor.OnConsole = (host, _, _) => throw new HypervisorException($"no route to {host}");

        Assert.Equal(ConsoleAnswer.Unavailable("its hypervisor cannot be reached"), await ReadAsync());
    }

    [Fact]
    public async Task Read_Aborted_SaysThatItTookTooLong()
    {
        using var abort = new CancellationTokenSource();
        _hypervisor.OnConsole = async (_, _, token) =>
        {
            await abort.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return "";
        };

        Assert.Equal(ConsoleAnswer.Unavailable("its hypervisor did not answer in time"), await ReadAsync(abort: abort.Token));
    }

    private Task<ConsoleAnswer> ReadAsync(int? lines = null, CancellationToken abort = default) =>
        new ConsoleReader(_hypervisor).ReadAsync(InProcessSilos.Host, new() { Id = Guid.NewGuid(), Machine = InstanceId.New(), Lines = lines }, abort);
}
