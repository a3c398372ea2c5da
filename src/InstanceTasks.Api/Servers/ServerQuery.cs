using System.Globalization;
using System.Text.RegularExpressions;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>The query of a list of servers (nova-api §2.2) as a filter.</summary>
/// <param name="Filter">What the store evaluates; its limit is the page size.</param>
/// <param name="Rest">What the store does not evaluate; null when nothing is left.</param>
/// <param name="Empty">The result is empty whatever is stored.</param>
internal sealed record ServerQuery(ServerFilter Filter, Func<ServerView, bool>? Rest, bool Empty)
{
    private const int MaxPattern = 1000;

    private static readonly string[] Statuses =
    [
        "ACTIVE", "BUILD", "DELETED", "ERROR", "HARD_REBOOT", "MIGRATING", "PASSWORD", "PAUSED", "REBOOT", "REBUILD", "RESCUE", "RESIZE",
        "REVERT_RESIZE", "SHELVED", "SHELVED_OFFLOADED", "SHUTOFF", "SOFT_DELETED", "SUSPENDED", "UNKNOWN", "VERIFY_RESIZE",
    ];

    private static readonly string[] ForUsers =
        ["reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"];

    private static readonly string[] ForUsersFrom83 =
    [
        "availability_zone", "config_drive", "key_name", "created_at", "launched_at", "terminated_at", "power_state", "task_state", "vm_state", "progress", "user_id",
    ];

    private static readonly string[] Paging = ["limit", "marker", "sort_key", "sort_dir"];

    private static readonly string[] Known =
    [
        .. ForUsers, .. ForUsersFrom83, .. Paging, "access_ip_v4", "access_ip_v6", "accessIPv4", "accessIPv6", "auto_disk_config", "deleted", "description",
        "display_description", "display_name", "host", "hostname", "image_ref", "instance_type_id", "ip6", "kernel_id", "launch_index", "locked_by", "node",
        "project_id", "ramdisk_id", "root_device_name", "soft_deleted", "tenant_id", "uuid",
    ];

    private static readonly string[] SortKeys =
    [
        "access_ip_v4", "access_ip_v6", "auto_disk_config", "availability_zone", "config_drive", "created_at", "display_description", "display_name", "host",
        "hostname", "image_ref", "instance_type_id", "kernel_id", "key_name", "launch_index", "launched_at", "locked_by", "node", "power_state", "progress",
        "project_id", "ramdisk_id", "root_device_name", "task_state", "terminated_at", "updated_at", "user_id", "uuid", "vm_state",
    ];

    public static ServerQuery Parse(ApiCall call)
    {
        CheckNames(call);
        return new Builder(call).Build();
    }

    /// <summary>What is wrong with the pattern of a name; null: nothing.</summary>
    public static string? PatternProblem(string text)
    {
        try
        {
            _ = new Regex(text, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            return text.Length <= MaxPattern ? null : $"is longer than {MaxPattern} characters";
        }
        catch (ArgumentException)
        {
            return "is not a 'regex'";
        }
    }

    private static void CheckNames(ApiCall call)
    {
        foreach (var name in call.Query.Names.Where(n => n.StartsWith('_')))
        {
            throw ApiFault.BadRequest($"Invalid input for query parameters {name}. Value: {call.Query.Text(name)}. '{name}' does not match any of the regexes");
        }

        if (call.AtLeast(75))
        {
            call.Query.Only([.. Known, .. Since(call, 26, "tags", "tags-any", "not-tags", "not-tags-any"), .. Since(call, 66, "changes-before"), .. Since(call, 73, "locked")]);
        }
    }

    private static string[] Since(ApiCall call, int minor, params string[] names) => call.AtLeast(minor) ? names : [];

    private sealed class Builder(ApiCall call)
    {
        private readonly List<Func<ServerView, bool>> _rest = [];
        private readonly QueryInput _query = call.Query;
        private bool _empty;

        public ServerQuery Build()
        {
            var filter = Scope(new ServerFilter { Limit = _query.Limit(), Marker = Marker(), Sort = _query.Sort(SortKey) });
            filter = Changes(Tags(Simple(Status(filter))));
            Rest();
            return new(filter, _rest.Count == 0 ? null : view => _rest.TrueForAll(r => r(view)), _empty || filter.Limit == 0);
        }

        /// <summary>Whether the parameter counts: for users, all but a few are dropped without a word.</summary>
        private bool Counts(string name) => _query.Has(name) && (call.May(Rules.AllFilters) || ForUsers.Contains(name)
            || (name == "ip6" && call.AtLeast(5))
            || (call.AtLeast(83) && ForUsersFrom83.Contains(name))
            || (call.AtLeast(90) && name == "hostname"));

        private string? Text(string name) => Counts(name) ? _query.Text(name) : null;

        private ServerFilter Scope(ServerFilter filter)
        {
            var all = _query.Text("all_tenants") is { } text && (text.Length == 0
                || (Lexical.Boolean(text) ?? throw QueryInput.Invalid("all_tenants", text, $"'{text}' is not a boolean")));
            if (all)
            {
                call.Need(Rules.AllTenants);
            }

            var asked = call.May(Rules.AllTenants) ? _query.Text("project_id") ?? _query.Text("tenant_id") : null;
            return filter with { Project = asked is not null ? new ProjectId(asked) : all ? null : call.Caller.Project };
        }

        private InstanceId? Marker()
        {
            if (_query.Text("marker") is not { } text)
            {
                return null;
            }

            return InstanceId.TryParse(text, out var id) ? id : throw ApiFault.BadRequest($"marker [{text}] not found");
        }

        private string SortKey(string key) =>
            key == "locked" && call.AtLeast(73) ? "locked"
            : key is "host" or "node" && !call.May(Rules.AllFilters) ? throw QueryInput.Invalid("sort_key", key, "Only administrators may sort by host.")
            : SortKeys.Contains(key) ? key
            : throw QueryInput.Invalid("sort_key", key, $"'{key}' is not one of the supported sort keys");

        private ServerFilter Status(ServerFilter filter)
        {
            var words = _query.All("status").Where(s => s.Length > 0).Select(s => s.ToUpperInvariant()).Distinct().ToList();
            if (words.Count == 0)
            {
                return filter;
            }

            if (words.FirstOrDefault(w => !Statuses.Contains(w)) is { } bad && call.AtLeast(38))
            {
                throw ApiFault.BadRequest($"Invalid status value: {bad}");
            }

            words = [.. words.Where(Statuses.Contains)];
            _empty |= words.Count == 0;
            if (!words.Contains("DELETED"))
            {
                return filter with { Statuses = words };
            }

            call.Need(Rules.DeletedServers);
            return filter with { Statuses = words, Deleted = true };
        }

        private ServerFilter Simple(ServerFilter filter)
        {
            filter = filter with
            {
                NamePattern = Pattern(Text("name") ?? Text("display_name")),
                FlavorId = Text("flavor") ?? Text("instance_type_id"),
                ImageId = Text("image") ?? Text("image_ref"),
                User = Text("user_id") is { } user ? new UserId(user) : null,
                Host = (Text("host") ?? Text("node")) is { } host ? new HostName(host) : null,
                ReservationId = Text("reservation_id"),
                KeyName = Text("key_name"),
                AvailabilityZone = Text("availability_zone"),
                Id = Uuid(Text("uuid")),
                VmStates = VmStates(),
                TaskStates = Counts("task_state") ? [.. _query.All("task_state").Select(t => t is "None" ? "" : t)] : null,
                Locked = call.AtLeast(73) ? _query.Bool("locked") : null,
            };
            return call.May(Rules.DeletedServers) && _query.Bool("deleted") is { } deleted ? filter with { Deleted = deleted } : filter;
        }

        private InstanceId? Uuid(string? text)
        {
            if (text is null)
            {
                return null;
            }

            _empty |= !InstanceId.TryParse(text, out var id);
            return id;
        }

        private List<VmState>? VmStates()
        {
            if (!Counts("vm_state"))
            {
                return null;
            }

            var asked = _query.All("vm_state");
            List<VmState> states = [.. Enum.GetValues<VmState>().Where(s => asked.Contains(ServerStatus.WireName(s)))];
            _empty |= states.Count == 0;
            return states;
        }

        private static string? Pattern(string? text) =>
            string.IsNullOrEmpty(text) ? null
            : PatternProblem(text) is { } problem ? throw QueryInput.Invalid("name", text.Length > MaxPattern ? text[..MaxPattern] : text, $"It {problem}")
            : text;

        private ServerFilter Tags(ServerFilter filter) => !call.AtLeast(26) ? filter : filter with
        {
            Tags = Split("tags"),
            TagsAny = Split("tags-any"),
            NotTags = Split("not-tags"),
            NotTagsAny = Split("not-tags-any"),
        };

        private IReadOnlyList<string>? Split(string name) => _query.Text(name) is { Length: > 0 } text ? ServerTags.Checked(text.Split(',')) : null;

        /// <summary>A span of changes includes deleted servers, unless the caller says otherwise.</summary>
        private ServerFilter Changes(ServerFilter filter)
        {
            var (since, before) = _query.Changes(withBefore: call.AtLeast(66));
            var spans = since is not null || before is not null;
            return filter with
            {
                ChangesSince = since,
                ChangesBefore = before,
                Deleted = spans && !(call.May(Rules.DeletedServers) && _query.Has("deleted")) && filter.Deleted is false ? null : filter.Deleted,
            };
        }

        private void Rest()
        {
            // Servers have no addresses here, so that a filter by address matches none.
            _empty |= Text("ip") is { Length: > 0 } || Text("ip6") is { Length: > 0 };
            Rest("power_state", (view, text) => PowerIs(EffectiveState.Of(view).Power, text));
            Rest("config_drive", (view, text) => view.Instance.ConfigDrive == (Lexical.Boolean(text) ?? throw QueryInput.Invalid("config_drive", text, "It is not a boolean.")));
            Rest("hostname", (view, text) => view.Instance.Hostname == text);
            Rest("description", (view, text) => view.Instance.Description == text);
            Rest("display_description", (view, text) => view.Instance.Description == text);
            Rest("locked_by", (view, text) => view.Instance.LockedBy == text);
            Rest("access_ip_v4", (view, text) => view.Instance.AccessIPv4 == text);
            Rest("access_ip_v6", (view, text) => view.Instance.AccessIPv6 == text);
            Rest("accessIPv4", (view, text) => view.Instance.AccessIPv4 == text);
            Rest("accessIPv6", (view, text) => view.Instance.AccessIPv6 == text);
            Rest("launch_index", (view, text) => text == view.Instance.LaunchIndex.ToString(CultureInfo.InvariantCulture));
            Rest("progress", (_, text) => text == "0");
            At("created_at", view => view.Instance.CreatedAt);
            At("launched_at", view => view.Instance.LaunchedAt);
            At("terminated_at", view => view.Instance.TerminatedAt);
            Refuse("auto_disk_config", "kernel_id", "ramdisk_id", "root_device_name");
        }

        private void Rest(string name, Func<ServerView, string, bool> matches)
        {
            if (Text(name) is { } text)
            {
                _rest.Add(view => matches(view, text));
            }
        }

        // Nova keeps whole seconds: a time without a fraction means that second.
        private void At(string name, Func<ServerView, DateTimeOffset?> time)
        {
            if (Text(name) is { } text && _query.Time(name) is { } asked)
            {
                var length = TimeSpan.FromTicks(text.Contains('.', StringComparison.Ordinal) ? TimeSpan.TicksPerMicrosecond : TimeSpan.TicksPerSecond);
                _rest.Add(view => time(view) is { } at && at >= asked && at < asked + length);
            }
        }

        private void Refuse(params string[] names)
        {
            if (names.FirstOrDefault(Counts) is { } name)
            {
                throw ApiFault.Unsupported($"A filter of servers by {name}");
            }
        }

        private static bool PowerIs(PowerState power, string text) =>
            text == ((int)power).ToString() || string.Equals(text, power.ToString(), StringComparison.OrdinalIgnoreCase);
    }
}
