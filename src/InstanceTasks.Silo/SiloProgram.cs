using InstanceTasks.Api;
using InstanceTasks.Api.Auth;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>Starts a silo, says where it is, and runs it until it is told to stop.</summary>
internal static class SiloProgram
{
    private const int Success = 0;
    private const int BadConfiguration = 2;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args is [HashPasswordCommand.Name, ..])
        {
            return await HashPasswordCommand.RunAsync(args[1..], Console.In, Console.Out, Console.Error);
        }

        try
        {
            if (args is [AfterRestoreCommand.Name, ..])
            {
                await AfterRestoreCommand.RunAsync(args[1..], Console.Out);
                return Success;
            }

            if (args is [CompareMachinesCommand.Name, ..])
            {
                return await CompareMachinesCommand.RunAsync(args[1..], Console.Out);
            }

            if (args is [RetentionCommand.Name, ..])
            {
                return await RetentionCommand.RunAsync(args[1..], Console.Out);
            }

            await using var app = SiloBuilding.Build(args);
            var role = ProcessRoles.Of(app.Configuration, ClusterSettings.Of(app.Configuration));
            var settings = app.Services.GetRequiredService<SiloSettings>();
            var options = app.Services.GetRequiredService<IOptions<ApiOptions>>().Value;
            ListenRules.Check(options, ListenAddresses.Of(app.Configuration, settings));
            await StoreWiring.OpenAsync(app.Services);
            var hold = await PrepareAsync(app.Services, settings, role);
            if (!await StartAsync(app))
            {
                return Success;
            }

            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
            await Console.Out.WriteLineAsync(ReadyBlock.Text(settings, options, app.Services.GetRequiredService<IInstanceTasksStore>(), [.. addresses], role, hold));
            await app.WaitForShutdownAsync();
            return Success;
        }
        catch (Exception e) when (IsConfiguration(e))
        {
            await Console.Error.WriteLineAsync($"instancetasks-silo: {Explain(e)}");
            return BadConfiguration;
        }
    }

    /// <summary>What must be so before the first task moves. The hold on everything, if there is one.</summary>
    private static async Task<Hold?> PrepareAsync(IServiceProvider services, SiloSettings settings, ProcessRole role)
    {
        if (role == ProcessRole.Silo)
        {
            await services.GetRequiredService<StampCheck>().RunAsync();
        }

        var store = services.GetRequiredService<IInstanceTasksStore>();
        return settings.Paused ? await Holds.EnsureAsync(store) : await Holds.FindAsync(store);
    }

    /// <summary>False: it was told to stop while it started, as a frontend that still looked for a silo.</summary>
    private static async Task<bool> StartAsync(WebApplication app)
    {
        try
        {
            await app.StartAsync();
            return true;
        }
        catch (OperationCanceledException) when (app.Services.GetRequiredService<DrainSignal>().HasBegun)
        {
            return false;
        }
    }

    /// <summary>What the person who started it can mend is said in one line; everything else keeps its stack trace. An init system tries again.</summary>
    internal static bool IsConfiguration(Exception e) => e is AggregateException several && several.InnerExceptions.All(IsConfiguration)
        || e is DirectoryInUseException or SchemaTooNewException or InvalidDataException or OptionsValidationException or SettingsException or OutdatedDatabaseException or StoreUnavailableException or ListenAddressException or OrleansConfigurationException
        or IOException { InnerException: AddressInUseException };

    /// <summary>That line.</summary>
    internal static string Explain(Exception e) => e switch
    {
        AggregateException several => string.Join(Environment.NewLine, several.InnerExceptions.Select(Explain)),
        OptionsValidationException options => string.Join(Environment.NewLine, options.Failures),
        StoreUnavailableException { InnerException: { } cause } away => $"{away.Message} ({cause.Message})",
        _ => e.Message,
    };
}
