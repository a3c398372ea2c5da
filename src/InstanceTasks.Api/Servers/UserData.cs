using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>Reads the user data of servers, which is kept encrypted beside them.</summary>
internal sealed class UserData(IQueries queries, ISecretProtector secrets)
{
    /// <summary>As it was given; null: the server has none.</summary>
    public async Task<string?> ReadAsync(InstanceRecord instance, CancellationToken cancellationToken) =>
        instance.UserDataSet && await queries.ReadSecretAsync(instance.Id.Value, SecretNames.UserData, cancellationToken) is { } ciphertext
            ? secrets.Unprotect(instance.UserDataSealedFor ?? instance.Id.Value, SecretNames.UserData, ciphertext)
            : null;
}
