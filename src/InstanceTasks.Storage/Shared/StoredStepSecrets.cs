using System.Security.Cryptography;
using System.Text;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Secrets of tasks from the store's side rows.</summary>
/// <param name="queries">The store.</param>
/// <param name="secrets">Its key.</param>
public sealed class StoredStepSecrets(IQueries queries, SecretBox secrets) : IStepSecrets
{
    /// <inheritdoc/>
    public async Task<string?> ReadAsync(TaskId task, string name, CancellationToken cancellationToken = default)
    {
        try
        {
            return await queries.ReadSecretAsync(task.Value, name, cancellationToken) is { } sealedText
                ? Encoding.UTF8.GetString(secrets.Open(task.Value, name, sealedText))
                : null;
        }
        catch (CryptographicException)
        {
            // Made with another key, as after a restore without the key file.
            return null;
        }
    }
}
