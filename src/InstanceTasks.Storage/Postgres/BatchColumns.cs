using Npgsql;
using NpgsqlTypes;

namespace InstanceTasks.Storage;

/// <summary>An array parameter of the commit function that is filled again for each batch.</summary>
internal abstract class BatchColumn(string name)
{
    public string Name { get; } = name;

    public abstract NpgsqlParameter Parameter { get; }

    public abstract void Clear();
}

/// <summary>An array parameter of one type.</summary>
internal sealed class BatchColumn<T>(string name, NpgsqlDbType type) : BatchColumn(name)
{
    private readonly List<T> _values = [];
    private NpgsqlParameter<List<T>>? _parameter;

    public override NpgsqlParameter Parameter => _parameter ??= new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = _values };

    public int Count => _values.Count;

    public void Add(T value) => _values.Add(value);

    public override void Clear() => _values.Clear();
}

/// <summary>The array parameters of one table in a batch.</summary>
internal abstract class BatchTable
{
    private readonly List<BatchColumn> _columns = [];

    public IReadOnlyList<BatchColumn> Columns => _columns;

    public void Clear() => _columns.ForEach(column => column.Clear());

    protected BatchColumn<int> Int(string name) => Add(new BatchColumn<int>(name, NpgsqlDbType.Integer));

    protected BatchColumn<long> Long(string name) => Add(new BatchColumn<long>(name, NpgsqlDbType.Bigint));

    protected BatchColumn<long?> LongOrNull(string name) => Add(new BatchColumn<long?>(name, NpgsqlDbType.Bigint));

    protected BatchColumn<string?> Text(string name) => Add(new BatchColumn<string?>(name, NpgsqlDbType.Text));

    protected BatchColumn<byte[]> Bytes(string name) => Add(new BatchColumn<byte[]>(name, NpgsqlDbType.Bytea));

    protected BatchColumn<bool> Bool(string name) => Add(new BatchColumn<bool>(name, NpgsqlDbType.Boolean));

    private TColumn Add<TColumn>(TColumn column)
        where TColumn : BatchColumn
    {
        _columns.Add(column);
        return column;
    }
}
