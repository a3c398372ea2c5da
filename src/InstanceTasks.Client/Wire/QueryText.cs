using System.Globalization;

namespace InstanceTasks.Client.Wire;

/// <summary>A query in the making; what is null is left out.</summary>
internal sealed class QueryText
{
    private readonly List<string> _pairs = [];

    public QueryText Add(string name, string? value)
    {
        if (value is not null)
        {
            _pairs.Add($"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}");
        }

        return this;
    }

    public QueryText Add(string name, Guid? value) => Add(name, value?.ToString());

    public QueryText Add(string name, bool value) => Add(name, value ? "true" : null);

    public QueryText Add(string name, int? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    public QueryText Add(string name, DateTimeOffset? value) => Add(name, value?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));

    public QueryText Add(string name, IReadOnlyList<string>? values) => Add(name, values is null ? null : string.Join(',', values));

    public string Of(string path) => _pairs.Count == 0 ? path : $"{path}?{string.Join('&', _pairs)}";
}
