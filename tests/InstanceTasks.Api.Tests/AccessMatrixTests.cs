using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Actions;
using InstanceTasks.Api.Aggregates;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Hosts;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace InstanceTasks.Api.Tests;

/// <summary>Every call and action × who asks, tried with real tokens: <c>AccessMatrix.txt</c> is what was reviewed.</summary>
public sealed class AccessMatrixTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private static readonly string[] Callers = ["admin", "manager", "member", "reader", "other", "none", "expired"];

    private readonly UsersOfTest _users = new(UsersOfTest.OnePerRole);
    private readonly Dictionary<string, string?> _tokens = [];
    private ApiHost _api = null!;

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(o => (o.Auth, o.UsersFile) = (AuthMode.Identity, _users.Path));
        // As the engine has it: what belongs to others is not there.
        _api.Commands.Decide = request => _api.Cloud.Instances.TryGetValue(request.Instance, out var found) && found.Project != request.Caller.Project && !request.Caller.IsAdmin
            ? new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.NotFound, "not his") }
            : null;
        var book = _api.Services.GetRequiredService<UsersFile>().Current;
        foreach (var name in Callers[..5])
        {
            var user = book.Find(name)!;
            _tokens[name] = _api.Services.GetRequiredService<TokenSessions>().Issue(user, user.Default, ["password"], null).Text;
        }

        var admin = _api.Services.GetRequiredService<AccessTokens>().Open(_tokens["admin"]!)!;
        _tokens["expired"] = _api.Services.GetRequiredService<AccessTokens>().Seal(admin with { ExpiresAt = TimeProvider.System.GetUtcNow() });
        _tokens["none"] = null;
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    public void Dispose() => _users.Dispose();

    [Fact]
    public void Matrix_Lines_CoverEveryCallAndActionAndNothingElse()
    {
        var actions = ActionParsers.Names.Select(n => $"POST servers/{{id}}/action#{n}").Concat(Enum.GetValues<TaskCommandKind>().Select(k => $"POST tasks/{{task}}/action#{CommandNames.Of(k)}"))
            .Concat(AggregateResource.ActionNames.Select(n => $"POST os-aggregates/{{aggregate}}/action#{n}")).Concat(FlavorAccess.ActionNames.Select(n => $"POST flavors/{{flavor}}/action#{n}"));
        var calls = _api.AllRoutes.Select(r => r.Name).Where(n => !n.StartsWith("POST ", StringComparison.Ordinal) || !n.EndsWith("}/action", StringComparison.Ordinal) || n.Contains("migration", StringComparison.Ordinal));

        Assert.Equal(calls.Concat(actions).Distinct().Order(StringComparer.Ordinal), AccessLine.All().Select(l => l.Name).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Matrix_EveryCell_IsAsReviewed()
    {
        var wrong = new List<string>();
        var tried = 0;
        foreach (var line in AccessLine.All())
        {
            var codes = new List<int>();
            foreach (var caller in Callers)
            {
                codes.Add(await TryAsync(line, caller));
                tried++;
            }

            if (!codes.SequenceEqual(line.Codes))
            {
                wrong.Add($"{line.Text} => {string.Join(' ', codes)}");
            }
        }

        output.WriteLine($"report: {tried} combinations of call and caller tried");
        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong.Prepend($"expected and found for {string.Join(' ', Callers)}:")));
    }

    /// <summary>Whatever a call did before is undone first: each finds the same cloud.</summary>
    private async Task<int> TryAsync(AccessLine line, string caller)
    {
        var values = Prepare();
        using var request = new HttpRequestMessage(new(line.Method), line.Url(values, _api.Routes));
        if (line.Version is { } version)
        {
            request.Headers.Add("OpenStack-API-Version", $"compute {version}");
        }

        if (_tokens[caller] is { } token)
        {
            request.Headers.Add("X-Auth-Token", token);
        }

        request.Headers.Add("X-Subject-Token", _tokens["member"]);
        if (line.Body is { } body)
        {
            request.Content = new StringContent(AccessLine.Fill(body, values), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        using var answer = await _api.Client.SendAsync(request);
        Assert.True((int)answer.StatusCode is < 500 or 501, $"{line.Text} by {caller}: {await answer.Content.ReadAsStringAsync()}");
        return (int)answer.StatusCode;
    }

    private Dictionary<string, string> Prepare()
    {
        _api.Cloud.Instances.Clear();
        _api.Cloud.Tasks.Clear();
        _api.Catalog.Pairs.Clear();
        _api.Catalog.Images.Clear();
        _api.Operators.Clear();
        ((FakeTokens)_api.Services.GetRequiredService<IRevokedTokens>()).Revoked.Clear();
        var server = _api.Add(Sample.Server() with { Project = new("own"), User = new("member"), Metadata = new Dictionary<string, string> { ["k"] = "v" }, Tags = ["t"] });
        var task = Sample.Task(server, "stop").Ended(TaskOutcome.Failed);
        _api.Cloud.Tasks[task.Id] = task;
        _api.Catalog.Flavors["1"] = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1, ExtraSpecs = new Dictionary<string, string> { ["k"] = "v" } };
        foreach (var user in Callers[..5])
        {
            _api.Catalog.Pairs.Add(new(new(user), "k", "ssh-rsa x", "f", "ssh", Sample.Time));
        }

        var image = new ImageRecord
        {
            Id = Guid.NewGuid().ToString(), Project = new("own"), Name = "i", Active = true, MinDiskGb = 1, Instance = server.Id, Task = task.Id, CreatedAt = Sample.Time, UpdatedAt = Sample.Time,
        };
        _api.Catalog.Images.Add(image);
        var hold = new Hold { Id = Guid.NewGuid(), Reason = "r", By = new("admin"), Host = new("host-1") };
        _api.Holds.All.Add(hold);
        var group = new ServerGroup { Id = Guid.NewGuid(), Project = new("own"), User = new("member"), Name = "g", Policy = GroupPolicy.Affinity };
        _api.Operators.Add(ServerGroup.DocumentKind, group.Id.ToString(), group);
        _api.Operators.Add("aggregate", "1", new Aggregate { Id = 1, Uuid = Guid.NewGuid(), Name = "a" });
        return new()
        {
            ["group"] = group.Id.ToString(), ["aggregate"] = "1", ["service"] = HostIds.Service(new("host-1")).ToString(), ["hypervisor"] = HostIds.Hypervisor(new("host-1")).ToString(),
            ["id"] = server.Id.ToString(), ["task"] = task.Id.ToString(), ["request"] = task.Request.Value, ["image"] = image.Id, ["hold"] = hold.Id.ToString(),
            ["flavor"] = "1", ["key"] = "k", ["name"] = "k", ["project"] = "own", ["alias"] = "none",
        };
    }

    /// <summary>A line of the file: <c>METHOD path [@microversion] [?query] [name=value] | codes | body</c>.</summary>
    private sealed record AccessLine(string Text, string Name, string Method, string Template, string? Version, string Query, IReadOnlyDictionary<string, string> Given, IReadOnlyList<int> Codes, string? Body)
    {
        public static IReadOnlyList<AccessLine> All()
        {
            using var stream = typeof(AccessLine).Assembly.GetManifestResourceStream("AccessMatrix.txt")!;
            using var reader = new StreamReader(stream);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries).Where(l => l.Length > 0 && l[0] != '#').Select(Parse)];
        }

        public static string Fill(string text, IReadOnlyDictionary<string, string> values) => values.Aggregate(text, (t, v) => t.Replace($"{{{v.Key}}}", v.Value, StringComparison.Ordinal));

        public string Url(Dictionary<string, string> values, IEnumerable<ApiRoute> versioned)
        {
            foreach (var (name, value) in Given)
            {
                values[name] = value;
            }

            var prefix = versioned.Any(r => r.Template == Template) ? "/v2.1/" : "/";
            return prefix + Fill(Template, values) + Query;
        }

        private static AccessLine Parse(string text)
        {
            var parts = text.Split('|', 3, StringSplitOptions.TrimEntries);
            var words = parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var more = words[2..];
            return new(
                text, $"{words[0]} {words[1]}", words[0], words[1].Split('#')[0],
                more.FirstOrDefault(w => w[0] == '@')?[1..],
                more.FirstOrDefault(w => w[0] == '?') ?? "",
                more.Where(w => w[0] is not ('@' or '?')).Select(w => w.Split('=')).ToDictionary(w => w[0], w => w[1]),
                [.. parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)],
                parts.Length > 2 ? parts[2] : null);
        }
    }
}
