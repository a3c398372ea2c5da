using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>Keeps what the silos log, to explain a test that failed.</summary>
public sealed class LogBook(string silo, ConcurrentQueue<string> lines) : ILoggerProvider
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(silo, categoryName[(categoryName.LastIndexOf('.') + 1)..], lines);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private sealed class Logger(string silo, string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {silo} {logLevel} {category}: {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");
    }
}
