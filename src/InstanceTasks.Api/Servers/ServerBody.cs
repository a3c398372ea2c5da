using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>How much of a server a body shows (nova-api §2.2–2.4).</summary>
internal enum ServerShape
{
    /// <summary>An element of a detailed list.</summary>
    Detail = 0,

    /// <summary>One server.</summary>
    Show = 1,

    /// <summary>The answer to PUT before 2.75.</summary>
    Reduced = 2,
}

/// <summary>What a body needs beside the server itself.</summary>
/// <param name="Hosts">Known hosts, for <c>host_status</c>.</param>
/// <param name="UserData">User data by server, for administrators.</param>
internal sealed record ServerExtras(IReadOnlyDictionary<HostName, HostView> Hosts, IReadOnlyDictionary<InstanceId, string> UserData)
{
    /// <summary>The group of the one server that is shown, if it is in one that is still there.</summary>
    public Guid? Group { get; init; }

    public static ServerExtras None { get; } = new(new Dictionary<HostName, HostView>(), new Dictionary<InstanceId, string>());
}

/// <summary>
/// The JSON of one server: exactly Nova's fields for the microversion and the caller, since the clients' schemas are closed.
/// While a task has the machine its own row says where the machine is and what happens to it.
/// </summary>
internal sealed class ServerBody(ApiCall call, ServerExtras extras)
{
    private const int MaxFaultMessage = 255;

    public JsonObject Brief(ServerView view) => new()
    {
        ["id"] = view.Instance.Id.ToString(),
        ["name"] = view.Instance.Name,
        ["links"] = call.Links.SelfAndBookmark($"servers/{view.Instance.Id}"),
    };

    public JsonObject Full(ServerView view, ServerShape shape)
    {
        var state = EffectiveState.Of(view);
        var body = Brief(view);
        AddBase(body, view, state);
        AddFault(body, view, state);
        if (shape != ServerShape.Reduced)
        {
            AddExtended(body, view.Instance, state);
            AddAdmin(body, view.Instance, state);
        }

        AddVersioned(body, view.Instance, state, shape);
        return body;
    }

    private void AddBase(JsonObject body, ServerView view, EffectiveState state)
    {
        var instance = view.Instance;
        body["status"] = state.Status;
        body["tenant_id"] = instance.Project.Value;
        body["user_id"] = instance.User.Value;
        body["metadata"] = MapOf(instance.Metadata);
        body["hostId"] = state.Host?.HostIdFor(instance.Project) ?? "";
        body["image"] = new JsonObject { ["id"] = instance.ImageId, ["links"] = call.Links.OnlyBookmark($"images/{instance.ImageId}") };
        body["flavor"] = FlavorOf(instance.Flavor);
        body["created"] = WireTime.Seconds(instance.CreatedAt);
        body["updated"] = WireTime.Seconds(instance.UpdatedAt);
        body["addresses"] = new JsonObject();
        body["accessIPv4"] = instance.AccessIPv4;
        body["accessIPv6"] = instance.AccessIPv6;
        body["OS-DCF:diskConfig"] = instance.DiskConfig;
        if (state.Status is "ACTIVE" or "BUILD" or "REBUILD" or "RESIZE" or "VERIFY_RESIZE" or "MIGRATING")
        {
            body["progress"] = 0;
        }
    }

    private void AddFault(JsonObject body, ServerView view, EffectiveState state)
    {
        if (state.Status is not ("ERROR" or "DELETED") || view.LastFailed is not { Failure: { } failure } task)
        {
            return;
        }

        var fault = new JsonObject
        {
            ["code"] = failure.Code,
            ["created"] = WireTime.Seconds(task.FinishedAt ?? task.UpdatedAt),
            ["message"] = failure.Message.Length <= MaxFaultMessage ? failure.Message : failure.Message[..MaxFaultMessage],
        };
        if (failure.Code == 500 && call.May(Rules.FaultDetails) && failure.Details is { } details)
        {
            fault["details"] = details;
        }

        body["fault"] = fault;
    }

    private static void AddExtended(JsonObject body, InstanceRecord instance, EffectiveState state)
    {
        body["OS-EXT-AZ:availability_zone"] = state.Zone;
        body["config_drive"] = instance.ConfigDrive ? "True" : "";
        body["key_name"] = instance.KeyName;
        body["OS-SRV-USG:launched_at"] = WireTime.Micros(instance.LaunchedAt);
        body["OS-SRV-USG:terminated_at"] = WireTime.Micros(instance.TerminatedAt);
        body["OS-EXT-STS:task_state"] = state.TaskState;
        body["OS-EXT-STS:vm_state"] = ServerStatus.WireName(instance.VmState);
        body["OS-EXT-STS:power_state"] = (int)state.Power;
        body["os-extended-volumes:volumes_attached"] = new JsonArray();
        if (instance.SecurityGroups.Count > 0)
        {
            body["security_groups"] = new JsonArray([.. instance.SecurityGroups.Select(g => new JsonObject { ["name"] = g })]);
        }
    }

    private void AddAdmin(JsonObject body, InstanceRecord instance, EffectiveState state)
    {
        if (call.AtLeast(90) || (call.AtLeast(3) && call.May(Rules.ExtendedAttributes)))
        {
            body["OS-EXT-SRV-ATTR:hostname"] = instance.Hostname;
        }

        if (!call.May(Rules.ExtendedAttributes))
        {
            return;
        }

        body["OS-EXT-SRV-ATTR:host"] = state.Host?.Value;
        body["OS-EXT-SRV-ATTR:instance_name"] = instance.Id.ToString();
        body["OS-EXT-SRV-ATTR:hypervisor_hostname"] = state.Host?.Value;
        if (call.AtLeast(3))
        {
            body["OS-EXT-SRV-ATTR:kernel_id"] = "";
            body["OS-EXT-SRV-ATTR:launch_index"] = instance.LaunchIndex;
            body["OS-EXT-SRV-ATTR:ramdisk_id"] = "";
            body["OS-EXT-SRV-ATTR:reservation_id"] = instance.ReservationId;
            body["OS-EXT-SRV-ATTR:root_device_name"] = "/dev/vda";
            body["OS-EXT-SRV-ATTR:user_data"] = extras.UserData.GetValueOrDefault(instance.Id);
        }

        if (call.AtLeast(16) && call.May(Rules.HostStatus))
        {
            body["host_status"] = HostStatus(state.Host);
        }
    }

    private void AddVersioned(JsonObject body, InstanceRecord instance, EffectiveState state, ServerShape shape)
    {
        _ = state;
        AddFrom(9, body, "locked", () => instance.Locked);
        AddFrom(19, body, "description", () => instance.Description);
        AddFrom(26, body, "tags", () => Texts(instance.Tags));
        AddFrom(63, body, "trusted_image_certificates", () => instance.TrustedCertificates is { } ids ? Texts(ids) : null);
        if (shape != ServerShape.Detail)
        {
            AddFrom(71, body, "server_groups", () => extras.Group is { } group ? [group.ToString()] : new JsonArray());
        }

        AddFrom(73, body, "locked_reason", () => instance.LockedReason);
        if (shape != ServerShape.Reduced)
        {
            AddFrom(96, body, "pinned_availability_zone", () => instance.PinnedZone);
        }
    }

    private void AddFrom(int minor, JsonObject body, string name, Func<JsonNode?> value)
    {
        if (call.AtLeast(minor))
        {
            body[name] = value();
        }
    }

    private JsonObject FlavorOf(FlavorSnapshot flavor) => call.AtLeast(47)
        ? new()
        {
            ["vcpus"] = flavor.Vcpus,
            ["ram"] = flavor.RamMb,
            ["disk"] = flavor.DiskGb,
            ["ephemeral"] = flavor.EphemeralGb,
            ["swap"] = flavor.SwapMb,
            ["original_name"] = flavor.Name,
            ["extra_specs"] = MapOf(flavor.ExtraSpecs),
        }
        : new() { ["id"] = flavor.Id, ["links"] = call.Links.OnlyBookmark($"flavors/{Uri.EscapeDataString(flavor.Id)}") };

    private string HostStatus(HostName? host) =>
        host is not { } name ? ""
        : !extras.Hosts.TryGetValue(name, out var view) ? "UNKNOWN"
        : view.Disabled is null ? "UP" : "MAINTENANCE";

    internal static JsonObject MapOf(IReadOnlyDictionary<string, string> map) => new(map.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value)));

    internal static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode?)t)]);
}
