using System.Threading.RateLimiting;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>Holds each caller to <see cref="ApiLimits"/>: what is too much is 429 with the time to wait, and costs nobody else anything.</summary>
internal sealed class CallerLimits(IOptions<ApiOptions> options) : IDisposable
{
    private const int UsualRate = 200;
    private const int UsualConcurrent = 256;
    private const int UsualBurstSeconds = 5;
    private const int UsualStreams = 32;

    private readonly PartitionedRateLimiter<string>? _limiter = Create(options.Value);
    private readonly PartitionedRateLimiter<string>? _streams = CreateStreams(options.Value);

    /// <summary>One request of whoever it is; to be disposed when it is answered.</summary>
    /// <exception cref="ApiFault">429.</exception>
    public RateLimitLease? Enter(Identity who) => Enter(_limiter, NameOf(who), "This request was rate-limited.");

    /// <summary>One event stream of whoever it is; to be disposed when it ends.</summary>
    /// <exception cref="ApiFault">429.</exception>
    public RateLimitLease? EnterStream(Identity who) => Enter(_streams, NameOf(who), "So many event streams are open already as one caller may have.");

    /// <summary>One request of which it is not known whose it is.</summary>
    /// <exception cref="ApiFault">429.</exception>
    public RateLimitLease? Enter(HttpContext http) => Enter(_limiter, $"address {CallerAddress.Of(http.Connection.RemoteIpAddress)}", "This request was rate-limited.");

    public void Dispose()
    {
        _limiter?.Dispose();
        _streams?.Dispose();
    }

    private static string NameOf(Identity who) => $"user {who.Project} {who.User}";

    private static RateLimitLease? Enter(PartitionedRateLimiter<string>? limiter, string caller, string refusal)
    {
        var lease = limiter?.AttemptAcquire(caller);
        if (lease is null or { IsAcquired: true })
        {
            return lease;
        }

        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var left) ? left : TimeSpan.FromSeconds(1);
        lease.Dispose();
        throw ApiFault.TooMany(refusal, wait);
    }

    private static PartitionedRateLimiter<string>? CreateStreams(ApiOptions options) =>
        (options.Limits.EventStreams ?? (options.Auth == AuthMode.None ? 0 : UsualStreams)) is > 0 and var most ? Concurrent(most) : null;

    private static PartitionedRateLimiter<string>? Create(ApiOptions options)
    {
        var none = options.Auth == AuthMode.None;
        var rate = options.Limits.RequestsPerSecond ?? (none ? 0 : UsualRate);
        var concurrent = options.Limits.Concurrent ?? (none ? 0 : UsualConcurrent);
        List<PartitionedRateLimiter<string>> limiters = [];
        if (concurrent > 0)
        {
            limiters.Add(Concurrent(concurrent));
        }

        if (rate > 0)
        {
            limiters.Add(Rate(rate, options.Limits.Burst ?? rate * UsualBurstSeconds));
        }

        return limiters.Count == 0 ? null : PartitionedRateLimiter.CreateChained([.. limiters]);
    }

    private static PartitionedRateLimiter<string> Rate(int perSecond, int burst) => PartitionedRateLimiter.Create<string, string>(
        caller => RateLimitPartition.GetTokenBucketLimiter(caller, _ => new()
        {
            TokenLimit = Math.Max(burst, 1), TokensPerPeriod = perSecond, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0, AutoReplenishment = true,
        }),
        StringComparer.Ordinal);

    private static PartitionedRateLimiter<string> Concurrent(int most) => PartitionedRateLimiter.Create<string, string>(
        caller => RateLimitPartition.GetConcurrencyLimiter(caller, _ => new() { PermitLimit = most, QueueLimit = 0 }), StringComparer.Ordinal);
}
