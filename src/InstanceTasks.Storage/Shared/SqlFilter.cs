using Dapper;

namespace InstanceTasks.Storage;

/// <summary>Conditions with their parameters. Values never become part of the text.</summary>
internal sealed class SqlFilter
{
    private readonly List<string> _conditions = [];

    public DynamicParameters Parameters { get; } = new();

    public string Where => _conditions.Count == 0 ? "1 = 1" : string.Join(" AND ", _conditions);

    public string Parameter(object? value)
    {
        var name = $"@p{Parameters.ParameterNames.Count()}";
        Parameters.Add(name, value);
        return name;
    }

    public void Add(string condition) => _conditions.Add(condition);

    public void Equal(string column, object? value)
    {
        if (value is not null)
        {
            Add($"{column} = {Parameter(value)}");
        }
    }

    public void In(string expression, IEnumerable<string>? values)
    {
        if (values is not null)
        {
            Add(InList(expression, values));
        }
    }

    /// <summary>An empty list matches nothing.</summary>
    public string InList(string expression, IEnumerable<string> values)
    {
        var parameters = values.Select(v => Parameter(v)).ToArray();
        return parameters.Length == 0 ? "1 = 0" : $"{expression} IN ({string.Join(", ", parameters)})";
    }
}
