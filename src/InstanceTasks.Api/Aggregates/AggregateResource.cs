using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Aggregates;

/// <summary>
/// <c>/os-aggregates</c> (nova-api §6.7). An aggregate with a zone puts its hosts into that, for placement and in every list; a host with servers keeps the zone that it is in.
/// </summary>
internal sealed class AggregateResource(IDocumentStore documents, IQueries queries, IHostControl control, TimeProvider time) : IApiResource
{
    /// <summary>What <c>action</c> takes.</summary>
    public static IReadOnlyList<string> ActionNames { get; } = ["add_host", "remove_host", "set_metadata"];

    private readonly Records<Aggregate> _aggregates = new(documents, "aggregate");

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-aggregates", ListAsync),
        new("POST", "os-aggregates", CreateAsync) { RecordsKey = true },
        new("GET", "os-aggregates/{aggregate}", async call => Answer(call, await NeedAsync(call))),
        new("PUT", "os-aggregates/{aggregate}", UpdateAsync) { RecordsKey = true },
        new("DELETE", "os-aggregates/{aggregate}", DeleteAsync) { RecordsKey = true },
        new("POST", "os-aggregates/{aggregate}/action", ActAsync) { RecordsKey = true },
        new("POST", "os-aggregates/{aggregate}/images", CacheAsync, From: 81) { RecordsKey = true },
    ];

    private static ApiAnswer Answer(ApiCall call, Aggregate aggregate) => ApiAnswer.Ok(new JsonObject { ["aggregate"] = aggregate.ToBody(call) });

    private static string? ZoneName(string text) => Lexical.Name(text) ?? (text.Contains(':', StringComparison.Ordinal) ? "does not match the pattern of a zone" : null);

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        var all = await _aggregates.ListAsync(call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["aggregates"] = new JsonArray([.. all.OrderBy(a => a.Id).Select(a => a.ToBody(call))]) });
    }

    private async Task<Aggregate> NeedAsync(ApiCall call)
    {
        var id = call.Value("aggregate");
        var key = int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Aggregate.KeyOf(number) : throw ApiFault.BadRequest($"Invalid value for aggregate id: {id}");
        return await _aggregates.FindAsync(key, call.Aborted) ?? throw Unknown(id);
    }

    private static ApiFault Unknown(string id) => ApiFault.NotFound($"Aggregate {id} could not be found.");

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("aggregate").Object("aggregate").Only("name", "availability_zone");
        var (name, zone) = (input.NeedText("name", Lexical.Name), input.NullableText("availability_zone", ZoneName));
        while (true)
        {
            var all = await _aggregates.ListAsync(call.Aborted);
            CheckName(all, name, except: null);
            var made = new Aggregate { Id = 1 + all.Select(a => a.Id).DefaultIfEmpty().Max(), Uuid = Guid.NewGuid(), Name = name, Zone = zone, CreatedAt = time.GetUtcNow() };
            if (await _aggregates.AddAsync(made.Key, made, call.Aborted))
            {
                var body = made.ToBody(call);
                // Nova's answer to a create has neither (tempest's schema of it is closed).
                body.Remove("hosts");
                body.Remove("metadata");
                return ApiAnswer.Ok(new JsonObject { ["aggregate"] = body });
            }
        }
    }

    private static void CheckName(IEnumerable<Aggregate> all, string name, int? except)
    {
        if (all.Any(a => a.Name == name && a.Id != except))
        {
            throw ApiFault.Conflict($"Aggregate {name} already exists.");
        }
    }

    private async Task<ApiAnswer> UpdateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("aggregate").Object("aggregate").Only("name", "availability_zone");
        if (!input.Properties.Any())
        {
            throw ApiFault.BadRequest("Invalid input for field/attribute aggregate. Value: {}. {} does not have enough properties");
        }

        var before = await NeedAsync(call);
        var name = input.Text("name", Lexical.Name) ?? before.Name;
        CheckName(await _aggregates.ListAsync(call.Aborted), name, before.Id);
        var zone = input.Has("availability_zone") ? input.NullableText("availability_zone", ZoneName) : before.Zone;
        return Answer(call, await ChangeAsync(call, before, a => a with { Name = name, Zone = zone }));
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var aggregate = await NeedAsync(call);
        return aggregate.Hosts.Count > 0 ? throw ApiFault.BadRequest($"Cannot delete aggregate {aggregate.Id}: it is not empty.")
            : await _aggregates.DeleteAsync(aggregate.Key, call.Aborted) ? new ApiAnswer(200)
            : throw Unknown(aggregate.Key);
    }

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var name = body.OnlyName();
        var act = name switch
        {
            "add_host" => AddHostAsync(call, body.Object(name)),
            "remove_host" => RemoveHostAsync(call, body.Object(name)),
            "set_metadata" => SetMetadataAsync(call, body.Object(name)),
            _ => throw ApiFault.BadRequest($"There is no such action: {name}"),
        };
        return Answer(call, await act);
    }

    private async Task<Aggregate> AddHostAsync(ApiCall call, JsonInput input)
    {
        call.NeedAction("add_host");
        var host = input.Only("host").NeedText("host", Lexical.NonEmpty);
        var aggregate = await NeedAsync(call);
        if ((await queries.ListHostsAsync(call.Aborted)).All(h => h.Host.Value != host))
        {
            throw ApiFault.NotFound($"Compute host {host} could not be found.");
        }

        if (aggregate.Zone is { } zone && (await _aggregates.ListAsync(call.Aborted)).FirstOrDefault(a => a.Hosts.Contains(host) && a.Zone is { } other && other != zone) is { } there)
        {
            throw ApiFault.Conflict($"Host {host} is in zone {there.Zone} by aggregate {there.Id} already.");
        }

        return await ChangeAsync(call, aggregate, a => a.Hosts.Contains(host) ? throw ApiFault.Conflict($"Aggregate {a.Id} already has host {host}.") : a with { Hosts = [.. a.Hosts, host] });
    }

    private async Task<Aggregate> RemoveHostAsync(ApiCall call, JsonInput input)
    {
        call.NeedAction("remove_host");
        var host = input.Only("host").NeedText("host", Lexical.NonEmpty);
        return await ChangeAsync(
            call, await NeedAsync(call), a => a.Hosts.Contains(host) ? a with { Hosts = [.. a.Hosts.Where(h => h != host)] } : throw ApiFault.NotFound($"Aggregate {a.Id} has no host {host}."));
    }

    private async Task<Aggregate> SetMetadataAsync(ApiCall call, JsonInput input)
    {
        call.NeedAction("set_metadata");
        var metadata = input.Only("metadata").Object("metadata");
        var changes = metadata.Properties.ToDictionary(p => p.Name, p => ValueOf(p), StringComparer.Ordinal);
        return await ChangeAsync(call, await NeedAsync(call), a => WithMetadata(a, changes));
    }

    private static string? ValueOf(JsonProperty item) =>
        Lexical.MetadataKey(item.Name) is { } bad ? throw JsonInput.Invalid("metadata", item.Value, $"'{item.Name}' {bad}")
        : item.Value.ValueKind == JsonValueKind.Null ? null
        : item.Value.ValueKind == JsonValueKind.String && Lexical.UpTo255(item.Value.GetString()!) is null ? item.Value.GetString()
        : throw JsonInput.Invalid(item.Name, item.Value, "It is not of type 'string', 'null', or is too long");

    private static Aggregate WithMetadata(Aggregate aggregate, Dictionary<string, string?> changes)
    {
        var metadata = new Dictionary<string, string>(aggregate.Metadata, StringComparer.Ordinal);
        var zone = aggregate.Zone;
        foreach (var (key, value) in changes)
        {
            if (key == "availability_zone")
            {
                zone = value is null || ZoneName(value) is null ? value : throw ApiFault.BadRequest($"Invalid availability_zone {value}.");
            }
            else if (value is null)
            {
                metadata.Remove(key);
            }
            else
            {
                metadata[key] = value;
            }
        }

        return aggregate with { Zone = zone, Metadata = metadata };
    }

    private async Task<Aggregate> ChangeAsync(ApiCall call, Aggregate before, Func<Aggregate, Aggregate> change)
    {
        var hosts = (await queries.ListHostsAsync(call.Aborted)).ToDictionary(h => h.Host.Value, StringComparer.Ordinal);
        var after = await _aggregates.ChangeAsync(
            before.Key,
            a =>
            {
                var changed = change(a) with { UpdatedAt = time.GetUtcNow() };
                CheckZones(a, changed, hosts);
                return changed;
            },
            call.Aborted) ?? throw Unknown(before.Key);
        await ApplyZonesAsync(before.Hosts.Union(after.Hosts, StringComparer.Ordinal));
        return after;
    }

    private static void CheckZones(Aggregate before, Aggregate after, Dictionary<string, HostView> hosts)
    {
        foreach (var name in before.Hosts.Union(after.Hosts, StringComparer.Ordinal))
        {
            var (from, to) = (before.Hosts.Contains(name) ? before.Zone : null, after.Hosts.Contains(name) ? after.Zone : null);
            if (from != to && hosts.GetValueOrDefault(name) is { } host && host.Zone != to && host.Taken != default)
            {
                throw ApiFault.Conflict($"Host {name} has servers in zone {host.Zone}: it cannot leave that.");
            }
        }
    }

    // From all aggregates as they are now, so that whoever comes last leaves what is right; and to the end, whoever leaves meanwhile.
    private async Task ApplyZonesAsync(IEnumerable<string> hosts)
    {
        var all = await _aggregates.ListAsync(CancellationToken.None);
        foreach (var host in hosts)
        {
            await control.SetAggregateZoneAsync(new(host), all.FirstOrDefault(a => a.Zone is not null && a.Hosts.Contains(host))?.Zone, CancellationToken.None);
        }
    }

    private async Task<ApiAnswer> CacheAsync(ApiCall call)
    {
        await NeedAsync(call);
        throw new ApiFault(501, "Hosts here keep no images before a server needs them.");
    }
}
