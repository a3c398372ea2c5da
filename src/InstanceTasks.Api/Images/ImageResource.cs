using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Images;

/// <summary>
/// The image façade (nova-api §6.11): <c>/image/v2/images</c>, and the same under <c>/v2.1/images</c>, where clients with one endpoint look.
/// There, image clients send no microversion and get the image service's shape; compute clients that ask for 2.1–2.35 get Nova's old proxy.
/// </summary>
internal sealed class ImageResource(ImageCatalog images) : IApiResource
{
    private const int LastProxy = 35;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "images", List, To: LastProxy),
        new("GET", "images/detail", LegacyDetail, To: LastProxy),
        new("GET", "images/{image}", Show, To: LastProxy),
        new("GET", "v2/images", GlanceList),
        new("GET", "v2/images/{image}", GlanceShow),
        new("DELETE", "images/{image}", DeleteAsync, To: LastProxy) { RecordsKey = true },
        new("DELETE", "v2/images/{image}", DeleteAsync) { RecordsKey = true },
    ];

    public IEnumerable<ApiRoute> RootRoutes =>
    [
        new("GET", "image", Versions),
        new("GET", "image/versions", Versions),
        new("GET", "image/v2", Versions),
        new("GET", "image/v2/images", GlanceList),
        new("GET", "image/v2/images/{image}", GlanceShow),
        new("DELETE", "image/v2/images/{image}", DeleteAsync) { RecordsKey = true },
    ];

    private static Task<ApiAnswer> Versions(ApiCall call) => Task.FromResult(ApiAnswer.Ok(new JsonObject
    {
        ["versions"] = new JsonArray(new JsonObject
        {
            ["id"] = "v2.9",
            ["status"] = "CURRENT",
            ["links"] = new JsonArray(ApiLinks.Link("self", $"{call.Links.BaseUrl}/image/v2/")),
        }),
    }));

    private Task<ApiAnswer> List(ApiCall call) => IsProxy(call) ? LegacyList(call) : GlanceList(call);

    private async Task<ApiAnswer> Show(ApiCall call) => IsProxy(call)
        ? ApiAnswer.Ok(new JsonObject { ["image"] = Legacy(call, await images.GetAsync(call)) })
        : await GlanceShow(call);

    private static bool IsProxy(ApiCall call) => ApiVersion.IsAsked(call.Http.Request.Headers);

    private async Task<ApiAnswer> GlanceList(ApiCall call)
    {
        var found = ImageQuery.Apply(call, await images.ListAsync(call));
        return ApiAnswer.Ok(new JsonObject
        {
            ["images"] = new JsonArray([.. found.Select(i => Glance(call, i))]),
            ["first"] = "/v2/images",
            ["schema"] = "/v2/schemas/images",
        });
    }

    private async Task<ApiAnswer> GlanceShow(ApiCall call) => ApiAnswer.Ok(Glance(call, await images.GetAsync(call)));

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var image = await images.GetAsync(call);
        if (image.Protected)
        {
            throw new ApiFault(403, $"Image {image.Id} is protected and cannot be deleted.");
        }

        return image.IsActive && await images.DeleteAsync(call, image) ? new ApiAnswer(204) : throw new ApiFault(409, $"Image {image.Id} is being saved: cancel the task that makes it.");
    }

    private static JsonObject Glance(ApiCall call, Image image)
    {
        var body = GlanceBase(call, image);
        foreach (var (key, value) in image.Properties.Where(p => !body.ContainsKey(p.Key)))
        {
            body[key] = value;
        }

        return body;
    }

    private static JsonObject GlanceBase(ApiCall call, Image image) => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["status"] = image.Status,
        ["disk_format"] = image.DiskFormat,
        ["container_format"] = "bare",
        ["visibility"] = image.IsPublic ? "public" : "private",
        ["size"] = image.SizeBytes,
        ["min_disk"] = image.MinDiskGb,
        ["min_ram"] = image.MinRamMb,
        ["owner"] = (image.Owner ?? call.Caller.Project).Value,
        ["checksum"] = null,
        ["protected"] = image.Protected,
        ["tags"] = new JsonArray(),
        ["created_at"] = WireTime.Seconds(image.CreatedAt),
        ["updated_at"] = WireTime.Seconds(image.UpdatedAt),
        ["file"] = $"/v2/images/{image.Id}/file",
        ["schema"] = "/v2/schemas/image",
        ["self"] = $"/v2/images/{image.Id}",
    };

    private Task<ApiAnswer> LegacyList(ApiCall call) => Legacies(call, image => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["links"] = call.Links.SelfAndBookmark($"images/{image.Id}"),
    });

    private Task<ApiAnswer> LegacyDetail(ApiCall call) => Legacies(call, image => Legacy(call, image));

    private async Task<ApiAnswer> Legacies(ApiCall call, Func<Image, JsonObject> shape) =>
        ApiAnswer.Ok(new JsonObject { ["images"] = new JsonArray([.. ImageQuery.Apply(call, await images.ListAsync(call)).Select(shape)]) });

    private static JsonObject Legacy(ApiCall call, Image image) => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["status"] = image.Status.ToUpperInvariant(),
        ["created"] = WireTime.Seconds(image.CreatedAt),
        ["updated"] = WireTime.Seconds(image.UpdatedAt),
        ["minDisk"] = image.MinDiskGb,
        ["minRam"] = image.MinRamMb,
        ["progress"] = image.IsActive ? 100 : 25,
        ["metadata"] = new JsonObject(image.Properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        ["OS-EXT-IMG-SIZE:size"] = image.SizeBytes,
        ["links"] = call.Links.SelfAndBookmark($"images/{image.Id}"),
    };
}
