using System.Text.Json.Nodes;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Images;
using InstanceTasks.Api.ServerGroups;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Servers;

/// <summary><c>POST /servers</c> (nova-api §2.1).</summary>
internal sealed class CreateServer(
    TaskSubmitter submitter, CreateServers several, GroupMembers groups, IdempotencyKeys keys, ICatalog catalog, VisibleFlavors flavors, IQueries queries, ImageCatalog images, ISecretProtector secrets, TimeProvider time, IOptions<ApiOptions> options)
    : IApiResource
{
    public IEnumerable<ApiRoute> Routes => [new("POST", "servers", CreateAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        var input = CreateServerSchema.Parse(call.Version, body);
        var instance = await InstanceAsync(call, input);
        var password = input.AdminPass ?? Passwords.New();
        // Its terms are read before a group is written, so that a bad one leaves nothing there.
        var request = TaskTerms.Apply(call, Request(call, input, instance, keyed, password), time.GetUtcNow());
        instance = request.Children is { } children ? children.NewInstance(request.Task, 0) : instance;
        var shown = BodyOf(call, input, instance);
        var location = call.Links.Versioned($"servers/{instance.Id}");
        request = keyed is null ? request : request with { Idempotency = keyed.Claim(call.Caller, request.Task, 202, shown, location) };

        var answer = await groups.WithMembersAsync(
            call, input.Group, request, () => request.Children is null ? submitter.SubmitAsync(call, request) : several.SubmitAsync(call, request, input.MinCount));
        if (answer is { Verdict: AcceptVerdict.Replayed, Replay: { } stored })
        {
            return await keys.ReplayAsync(call, stored);
        }

        if (shown["server"] is JsonObject server)
        {
            server["adminPass"] = password;
        }

        return new ApiAnswer(202, shown).With("Location", location).WithTask(call.Links, request.Task);
    }

    private SubmitTask Request(ApiCall call, CreateServerInput input, InstanceRecord instance, KeyedCall? keyed, string password)
    {
        var request = input.MaxCount > 1 ? CreateServers.Request(call, input, instance) : TaskSubmitter.Request(call, TaskKinds.Create, instance.Id) with { NewInstance = instance };
        if (input.UserData is { } data)
        {
            request.Secrets[SecretNames.UserData] = secrets.Protect(request.Children is null ? instance.Id.Value : request.Task.Value, SecretNames.UserData, data);
        }

        if (keyed is not null)
        {
            // Kept only to answer a repeat with the same password; nobody else can ask for it.
            request.Secrets[SecretNames.AdminPassword] = secrets.Protect(request.Task.Value, SecretNames.AdminPassword, password);
        }

        return request;
    }

    private static JsonObject BodyOf(ApiCall call, CreateServerInput input, InstanceRecord instance) => input.ReturnReservation
        ? new() { ["reservation_id"] = instance.ReservationId }
        : new()
        {
            ["server"] = new JsonObject
            {
                ["id"] = instance.Id.ToString(),
                ["links"] = call.Links.SelfAndBookmark($"servers/{instance.Id}"),
                ["OS-DCF:diskConfig"] = instance.DiskConfig,
                ["security_groups"] = new JsonArray([.. instance.SecurityGroups.Select(g => new JsonObject { ["name"] = g })]),
            },
        };

    private async Task<InstanceRecord> InstanceAsync(ApiCall call, CreateServerInput input)
    {
        var flavor = await FlavorAsync(call, input);
        await CheckImageAsync(call, input.ImageRef, flavor.RamMb, flavor.DiskGb, images);
        await CheckKeyAsync(call, input);
        await CheckZoneAsync(call, input);
        CheckMetadata(input.Metadata, options.Value.MaxMetadataItems);
        var id = InstanceId.New();
        var now = time.GetUtcNow();
        return new()
        {
            Id = id,
            Project = call.Caller.Project,
            User = call.Caller.User,
            Name = input.Name,
            Description = input.Description,
            VmState = VmState.Building,
            Flavor = flavor.ToSnapshot(),
            ImageId = input.ImageRef,
            Metadata = input.Metadata,
            Tags = input.Tags,
            KeyName = input.KeyName,
            PinnedZone = input.Zone,
            ConfigDrive = input.ConfigDrive,
            DiskConfig = input.DiskConfig,
            AccessIPv4 = input.AccessIPv4,
            AccessIPv6 = input.AccessIPv6,
            Hostname = input.Hostname ?? Hostnames.From(input.Name, id),
            ReservationId = Passwords.NewReservation(),
            SecurityGroups = input.SecurityGroups,
            UserDataSet = input.UserData is not null,
            ServerGroup = input.Group,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }

    private async Task<Flavor> FlavorAsync(ApiCall call, CreateServerInput input) =>
        await flavors.FindAsync(call, input.FlavorRef) ?? throw ApiFault.BadRequest($"Flavor {input.FlavorRef} could not be found.");

    internal static async Task<Image> CheckImageAsync(ApiCall call, string id, int ramMb, int diskGb, ImageCatalog images)
    {
        var image = await images.FindAsync(call, id) ?? throw ApiFault.BadRequest("Can not find requested image");
        return !image.IsActive ? throw ApiFault.BadRequest($"Image {image.Id} is not active.")
            : ramMb < image.MinRamMb ? throw ApiFault.BadRequest("Flavor's memory is too small for requested image.")
            : diskGb < image.MinDiskGb ? throw ApiFault.BadRequest("Flavor's disk is too small for requested image.")
            : image;
    }

    private async Task CheckKeyAsync(ApiCall call, CreateServerInput input)
    {
        if (input.KeyName is { } key && await catalog.GetKeyPairAsync(call.Caller.User, key, call.Aborted) is null)
        {
            throw ApiFault.BadRequest("Invalid key_name provided.");
        }
    }

    private async Task CheckZoneAsync(ApiCall call, CreateServerInput input)
    {
        if (input.Zone is { } zone && !(await queries.ListHostsAsync(call.Aborted)).Any(h => h.Zone == zone))
        {
            throw ApiFault.BadRequest("The requested availability zone is not available");
        }
    }

    internal static void CheckMetadata(IReadOnlyDictionary<string, string> metadata, int allowed)
    {
        if (metadata.Count > allowed)
        {
            throw new ApiFault(403, $"Maximum number of metadata items exceeds {allowed}");
        }
    }
}
