using System.Runtime.CompilerServices;
using System.Text;
using InstanceTasks.Api.Tests.Exactness;
using InstanceTasks.Api.Tests.OpenApi;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>The API over fakes, whose whole state is compared around every request.</summary>
internal sealed class FakeTarget(DescribedApi described) : IBadInputTarget
{
    private const int Replant = 500;

    private bool _changed = true;
    private int _since;
    private int _before;

    public IReadOnlyList<DescribedRequest> Requests { get; } = [.. described.Requests()];

    public RawRequest Fill(DescribedRequest request)
    {
        var raw = RawRequest.Of(request, described.Token);
        return request.Path == "/identity/v3/auth/tokens" && request.Method != "POST" ? raw.With("X-Subject-Token", described.IssueToken()) : raw;
    }

    public void Before()
    {
        if (_changed || ++_since >= Replant)
        {
            World.Plant(described.Api);
            described.Api.Commands.Submitted.Clear();
            described.Api.Commands.Commands.Clear();
            (_changed, _since) = (false, 0);
        }

        _before = State();
    }

    public Task<string?> AfterAsync(RawRequest sent, RawAnswer answer)
    {
        _changed = State() != _before;
        var problem = !_changed ? null
            : answer.Status is < 200 or >= 300 ? "refused, and yet something has changed"
            : sent.Method is "GET" or "HEAD" ? "only asked for, and yet something has changed"
            : Encoding.UTF8.GetString(answer.Body).StartsWith("{\"dry_run\"", StringComparison.Ordinal) ? "a dry run that has changed something"
            : null;
        return Task.FromResult(problem ?? LogRules.ProblemOf(described.Api.Logs));
    }

    /// <summary>Records never change: another one in the place is a change.</summary>
    private int State()
    {
        var (api, state) = (described.Api, default(HashCode));
        IEnumerable<object> all =
        [
            .. api.Cloud.Instances.Values, .. api.Cloud.Tasks.Values, .. api.Cloud.Secrets.Values, .. api.Cloud.Hosts, api.Cloud.Usage, .. api.Catalog.Flavors.Values, .. api.Catalog.Pairs, .. api.Catalog.Images, .. api.Holds.All,
            .. api.Journal.Keys.Values,
        ];
        foreach (var one in all)
        {
            state.Add(RuntimeHelpers.GetHashCode(one));
        }

        foreach (var document in api.Operators.Documents.OrderBy(d => (d.Kind, d.Id)))
        {
            state.Add(document.Body);
        }

        state.Add(api.Journal.Tombstones.Count);
        return state.ToHashCode();
    }
}
