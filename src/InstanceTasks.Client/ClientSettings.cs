namespace InstanceTasks.Client;

/// <summary>How the service is reached.</summary>
public sealed record ClientSettings
{
    /// <summary>The compute API with its version: <c>http://127.0.0.1:8774/v2.1</c>. Null: from the catalogue that comes with the token of <see cref="ClientAuth.Password"/>.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Who asks. Default: nobody in particular.</summary>
    public ClientAuth Auth { get; init; } = ClientAuth.None;

    /// <summary>The microversion of all calls. Default: <c>2.96</c>.</summary>
    public string Microversion { get; init; } = "2.96";

    /// <summary>How long a call is repeated that is refused for now (429, 503) or does not reach the service. Default: 30 s.</summary>
    public TimeSpan RetryFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an answer is waited for. Default: 100 s.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>How long an event stream may be silent before it counts as broken; longer than the service's heart-beat. Default: 45 s.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How requests are sent; the client does not dispose it. Default: null, a handler of its own.</summary>
    public HttpMessageHandler? Handler { get; init; }

    /// <summary>The clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
