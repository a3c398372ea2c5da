using Microsoft.Extensions.Logging;

// Violations that the rules must find: without them a rule that finds nothing would look like a kept one.
namespace InstanceTasks.Architecture.Tests.Planted;

internal interface IMachine
{
    Task Start();
}

internal sealed class CallsDirectly
{
    public static Task Run(IMachine machine) => machine.Start();
}

internal sealed class AwaitsInALambda
{
    public static Func<Task> Run(IMachine machine) => async () =>
    {
        await Task.Yield();
        await machine.Start();
    };
}

internal sealed class PassesAMethodGroup
{
    public static Task Run(IMachine machine) => Task.Run(machine.Start);
}

internal sealed class OnlyNamesIt
{
    public static Task<IMachine> Run(IMachine machine) => Task.FromResult(machine);
}

internal sealed class HasTwoEntries : IDisposable
{
    public int Property { get; set; }

    public static void One() => Three();

    public void Two() => Property = 2;

    public void Dispose() => Property = 0;

    private static void Three()
    {
    }
}

internal sealed class LogsDirectly
{
    public static void Run(ILogger logger) => logger.LogInformation("directly");
}

internal sealed class LogsByTheInterface
{
    public static void Run(ILogger logger) => logger.Log(LogLevel.Information, default, "state", exception: null, (state, _) => state);
}

internal static partial class LogsByGeneratedCode
{
    [LoggerMessage(Level = LogLevel.Information, Message = "generated")]
    public static partial void Generated(ILogger logger);
}

internal sealed class UnvalidatedOptions;
