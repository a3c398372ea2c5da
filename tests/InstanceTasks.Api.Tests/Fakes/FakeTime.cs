namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>A clock that moves only when told.</summary>
internal sealed class FakeTime : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _ticks = Start.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
