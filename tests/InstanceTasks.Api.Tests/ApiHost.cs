using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tests;

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(int Status, JsonObject? Body, HttpResponseMessage Raw)
{
    public string? Header(string name) => Raw.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    public JsonObject this[string name] => Body![name]!.AsObject();

    public JsonArray List(string name) => Body![name]!.AsArray();

    public string Fault(string key) => (string)this[key]["message"]!;
}

/// <summary>The API on a real Kestrel over fakes.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ApiHost(WebApplication app, FakeCloud cloud, FakeCatalog catalog, FakeJournal journal, FakeCommands commands, FakeHolds holds, FakeOperators operators, FakeEvents events, LogCollector logs)
    {
        _app = app;
        (Cloud, Catalog, Journal, Commands, Holds, Operators, Events, Logs) = (cloud, catalog, journal, commands, holds, operators, events, logs);
        Client = new() { BaseAddress = new(app.Urls.First()) };
    }

    public FakeCloud Cloud { get; }

    public FakeCatalog Catalog { get; }

    public FakeJournal Journal { get; }

    public FakeCommands Commands { get; }

    public FakeHolds Holds { get; }

    public FakeOperators Operators { get; }

    public FakeEvents Events { get; }

    public LogCollector Logs { get; }

    public HttpClient Client { get; }

    /// <summary>What is served below <c>/v2.1</c>.</summary>
    public IEnumerable<Wire.ApiRoute> Routes => _app.Services.GetRequiredService<Wire.Router>().Versioned;

    /// <summary>Everything that is served.</summary>
    public IEnumerable<Wire.ApiRoute> AllRoutes => _app.Services.GetRequiredService<Wire.Router>().All;

    public IServiceProvider Services => _app.Services;

    public FakeConsoles Consoles => (FakeConsoles)_app.Services.GetRequiredService<IConsoles>();

    public FakeRetention Retention => (FakeRetention)_app.Services.GetRequiredService<IRetention>();

    public string BaseUrl => Client.BaseAddress!.ToString().TrimEnd('/');

    public static async Task<ApiHost> StartAsync(Action<ApiOptions>? configure = null, bool admin = true, TimeProvider? time = null, FakeTokens? tokens = null)
    {
        var cloud = new FakeCloud();
        var journal = new FakeJournal(cloud);
        var commands = new FakeCommands(cloud, journal);
        var catalog = new FakeCatalog();
        var holds = new FakeHolds();
        var operators = new FakeOperators(cloud);
        var events = new FakeEvents();
        var logs = new LogCollector();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IQueries>(cloud).AddSingleton<IJournal>(journal).AddSingleton<ICatalog>(catalog).AddSingleton<IHoldStore>(holds)
            .AddSingleton<IDocumentStore>(operators).AddSingleton<IQuotaLimits>(operators).AddSingleton<IHostControl>(operators).AddSingleton<IEventStream>(events).AddSingleton<IRetention>(new FakeRetention())
            .AddSingleton<IComputeCommands>(commands).AddSingleton<ISecretProtector, FakeProtector>().AddSingleton<IConsoles>(new FakeConsoles())
            .AddSingleton<IRevokedTokens>(tokens ?? new FakeTokens()).AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddComputeApi(options =>
        {
            options.Roles = admin ? ["admin", "member", "reader"] : ["member", "reader"];
            options.AskAgainFor = TimeSpan.Zero;
            options.UnknownOutcomeTimeout = TimeSpan.FromSeconds(1);
            options.UnknownOutcomePause = TimeSpan.FromMilliseconds(5);
            configure?.Invoke(options);
        });
        var app = builder.Build();
        app.MapComputeApi();
        await app.StartAsync();
        return new(app, cloud, catalog, journal, commands, holds, operators, events, logs);
    }

    public InstanceRecord Add(InstanceRecord instance, TaskRecord? holder = null)
    {
        if (holder is not null)
        {
            Cloud.Tasks[holder.Id] = holder;
            instance = instance with { Holder = new(holder.Id, holder.Kind, holder.Request) };
        }

        Cloud.Instances[instance.Id] = instance;
        return instance;
    }

    public Task<Answer> GetAsync(string path, string? version = null) => SendAsync(HttpMethod.Get, path, null, version);

    public Task<Answer> PostAsync(string path, string body, string? version = null, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, version, headers);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body, string? version = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        }

        if (version is not null)
        {
            request.Headers.Add("OpenStack-API-Version", $"compute {version}");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await ReadAsync(await Client.SendAsync(request));
    }

    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text)!.AsObject(), response);
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class LogCollector : ILoggerProvider, ILogger
{
    public List<(LogLevel Level, string Text, Exception? Exception)> Entries { get; } = [];

    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("InstanceTasks", StringComparison.Ordinal) ? this : new OfOthers(this);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <summary>What is kept: warnings and worse.</summary>
    public LogLevel From { get; set; } = LogLevel.Warning;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= From;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        lock (Entries)
        {
            Entries.Add((logLevel, formatter(state, exception), exception));
        }
    }

    public void Dispose()
    {
    }

    /// <summary>Of what is not ours, warnings and worse.</summary>
    private sealed class OfOthers(LogCollector all) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && all.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                all.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}

/// <summary>A test class with a host of its own.</summary>
public abstract class ApiTest : IAsyncLifetime
{
    private ApiHost? _api;

    internal ApiHost Api => _api!;

    public virtual async Task InitializeAsync() => _api = await StartAsync();

    public async Task DisposeAsync() => await Api.DisposeAsync();

    internal virtual Task<ApiHost> StartAsync() => ApiHost.StartAsync();
}
