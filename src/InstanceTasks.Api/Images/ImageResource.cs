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
    ];

    public IEnumerable<ApiRoute> RootRoutes =>
    [
        new("GET", "image", Versions),
        new("GET", "image/versions", Versions),
        new("GET", "image/v2", Versions),
        new("GET", "image/v2/images", GlanceList),
        new("GET", "image/v2/images/{image}", GlanceShow),
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

    private Task<ApiAnswer> Show(ApiCall call) => IsProxy(call)
        ? Task.FromResult(ApiAnswer.Ok(new JsonObject { ["image"] = Legacy(call, Find(call)) }))
        : GlanceShow(call);

    private static bool IsProxy(ApiCall call) => ApiVersion.IsAsked(call.Http.Request.Headers);

    private Task<ApiAnswer> GlanceList(ApiCall call)
    {
        var found = ImageQuery.Apply(call, images.All);
        return Task.FromResult(ApiAnswer.Ok(new JsonObject
        {
            ["images"] = new JsonArray([.. found.Select(i => Glance(call, i))]),
            ["first"] = "/v2/images",
            ["schema"] = "/v2/schemas/images",
        }));
    }

    private Task<ApiAnswer> GlanceShow(ApiCall call) => Task.FromResult(ApiAnswer.Ok(Glance(call, Find(call))));

    private Image Find(ApiCall call) => images.Find(call.Value("image")) ?? throw ApiFault.NotFound($"No image found with ID {call.Value("image")}");

    private static JsonObject Glance(ApiCall call, Image image) => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["status"] = "active",
        ["disk_format"] = image.DiskFormat,
        ["container_format"] = "bare",
        ["visibility"] = "public",
        ["size"] = image.SizeBytes,
        ["min_disk"] = image.MinDiskGb,
        ["min_ram"] = image.MinRamMb,
        ["owner"] = call.Caller.Project.Value,
        ["checksum"] = null,
        ["protected"] = true,
        ["tags"] = new JsonArray(),
        ["created_at"] = WireTime.Seconds(image.CreatedAt),
        ["updated_at"] = WireTime.Seconds(image.CreatedAt),
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

    private Task<ApiAnswer> Legacies(ApiCall call, Func<Image, JsonObject> shape) =>
        Task.FromResult(ApiAnswer.Ok(new JsonObject { ["images"] = new JsonArray([.. ImageQuery.Apply(call, images.All).Select(shape)]) }));

    private static JsonObject Legacy(ApiCall call, Image image) => new()
    {
        ["id"] = image.Id,
        ["name"] = image.Name,
        ["status"] = "ACTIVE",
        ["created"] = WireTime.Seconds(image.CreatedAt),
        ["updated"] = WireTime.Seconds(image.CreatedAt),
        ["minDisk"] = image.MinDiskGb,
        ["minRam"] = image.MinRamMb,
        ["progress"] = 100,
        ["metadata"] = new JsonObject(),
        ["OS-EXT-IMG-SIZE:size"] = image.SizeBytes,
        ["links"] = call.Links.SelfAndBookmark($"images/{image.Id}"),
    };
}
