using System.Text;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Makes the table's exchanges, one after the other, each in a fresh world.</summary>
internal sealed class Recorder(ApiHost api, bool admin)
{
    private readonly Dictionary<string, ApiRoute> _routes = api.AllRoutes.GroupBy(r => $"{r.Method} {r.Template}").ToDictionary(g => g.Key, g => g.First());

    /// <summary>Answers where a fault was expected, and the reverse.</summary>
    public List<(Recorded Recorded, string Problem)> Unexpected { get; } = [];

    /// <summary>One exchange.</summary>
    public Task<Recorded> RecordAsync(Exchange row, int version) => CallAsync(row, version, Expected(row, version));

    public async IAsyncEnumerable<Recorded> RecordAsync()
    {
        foreach (var row in ExchangeTable.All.Where(r => r.Unversioned && Asks(r)))
        {
            yield return await CallAsync(row, 1, row.Fault);
        }

        foreach (var row in ExchangeTable.All.Where(r => !r.Unversioned && Asks(r)))
        {
            for (var version = ApiVersion.Min.Minor; version <= ApiVersion.Max.Minor; version++)
            {
                if (version >= row.From && version <= row.To && row.Only?.Contains(version) != false)
                {
                    yield return await CallAsync(row, version, Expected(row, version));
                }
            }
        }
    }

    private bool Asks(Exchange row) => admin || row.Allowed != Allowed.AskedByAdministrators;

    /// <summary>The status of the fault: outside its versions an endpoint does not exist.</summary>
    private int? Expected(Exchange row, int version) =>
        _routes.TryGetValue($"{row.Method} {row.Template}", out var route) && !route.Serves(new(version)) ? 404
        : !admin && row.Allowed == Allowed.Administrators ? 403
        : !admin && row.FaultForMembers is { } fault ? fault
        : row.Fault;

    private async Task<Recorded> CallAsync(Exchange row, int version, int? fault)
    {
        World.Plant(api);
        row.Arrange?.Invoke(api);
        var recorded = await SendAsync(row, version);
        if (row.Headers.Any(h => h.Name == "Idempotency-Key"))
        {
            // The answer that is kept for repeats is the one to look at.
            recorded = await SendAsync(row, version);
        }

        if (fault is null ? recorded.Status >= 400 : recorded.Status != fault)
        {
            Unexpected.Add((recorded, fault is null ? "it should answer" : $"it should be refused with {fault}"));
        }

        return recorded;
    }

    private async Task<Recorded> SendAsync(Exchange row, int version)
    {
        var request = row.Body?.Invoke(version);
        using var message = new HttpRequestMessage(new(row.Method), row.Path);
        if (request is not null)
        {
            message.Content = new StringContent(request, Encoding.UTF8, row.MediaType);
        }

        var asks = row.Unversioned ? row.Asks : $"2.{version}";
        foreach (var (name, value) in row.Headers.Concat(asks is null ? [] : [("OpenStack-API-Version", $"compute {asks}")]))
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await api.Client.SendAsync(message);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value));
        return new(row, version, admin, request, (int)response.StatusCode, headers, await response.Content.ReadAsStringAsync()) { Negotiated = row.Asks is null };
    }
}
