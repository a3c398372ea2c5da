using Orleans.Storage;

namespace Orleans.Behaviour.Tests;

[GenerateSerializer]
public sealed class CounterState
{
    [Id(0)]
    public int Value { get; set; }

    [Id(1)]
    public List<string> Names { get; set; } = [];
}

public interface ICounterGrain : IGrainWithStringKey
{
    Task<int> Add(int n);

    Task<(int Value, string? Etag, bool Exists)> Look();

    Task Clear();

    Task Reread();

    Task<string> Constructor();

    Task<string> FromOutside();

    Task CatchConflict();

    Task<Guid> Instance();
}

public abstract class CounterBase : Grain
{
    private readonly Guid instance = Guid.NewGuid();
    private readonly IPersistentState<CounterState> state;
    private readonly string seen;

    protected CounterBase(IPersistentState<CounterState> state)
    {
        this.state = state;
        var exists = Record.Exception(() => _ = state.RecordExists);
        seen = $"{(state.State is null ? "null" : "there")} {exists?.GetType().Name}";
    }

    public async Task<int> Add(int n)
    {
        state.State.Value += n;
        state.State.Names.Add($"+{n}");
        await state.WriteStateAsync();
        return state.State.Value;
    }

    public Task<(int Value, string? Etag, bool Exists)> Look() => Task.FromResult((state.State.Value, state.Etag, state.RecordExists));

    public Task Clear() => state.ClearStateAsync();

    public Task Reread() => state.ReadStateAsync();

    public Task<string> Constructor() => Task.FromResult(seen);

    public Task<Guid> Instance() => Task.FromResult(instance);

    public async Task<string> FromOutside()
    {
        var errors = await Task.Run(() => new[]
        {
            Record.Exception(() => _ = state.State)?.GetType().Name,
            Record.Exception(() => state.WriteStateAsync().GetAwaiter().GetResult())?.GetType().Name,
        });
        return string.Join(",", errors);
    }

    public async Task CatchConflict()
    {
        try
        {
            await Add(1);
        }
        catch (InconsistentStateException)
        {
            // on purpose: the activation lives on with its stale tag
        }
    }
}

public class CounterGrain([PersistentState("counter")] IPersistentState<CounterState> state) : CounterBase(state), ICounterGrain;

public interface ISqlCounterGrain : ICounterGrain;

public class SqlCounterGrain([PersistentState("counter", "sql")] IPersistentState<CounterState> state) : CounterBase(state), ISqlCounterGrain;

public interface IOtherSqlCounterGrain : ICounterGrain;

public class OtherSqlCounterGrain([PersistentState("counter", "sql")] IPersistentState<CounterState> state) : CounterBase(state), IOtherSqlCounterGrain;

public interface ILostCounterGrain : ICounterGrain;

// The storage "nowhere" does not exist.
public class LostCounterGrain([PersistentState("counter", "nowhere")] IPersistentState<CounterState> state) : CounterBase(state), ILostCounterGrain;

public interface IClassicGrain : IGrainWithIntegerKey
{
    Task<int> Add(int n);
}

public class ClassicGrain : Grain<CounterState>, IClassicGrain
{
    public async Task<int> Add(int n)
    {
        State.Value += n;
        await WriteStateAsync();
        return State.Value;
    }
}
