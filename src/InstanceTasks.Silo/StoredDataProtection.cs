using InstanceTasks.Storage;
using Microsoft.AspNetCore.DataProtection;

namespace InstanceTasks.Silo;

/// <summary>Protects cookies and forms with the store's key: every process on the store reads what another has written, also after a restart.</summary>
internal sealed class StoredDataProtection(IInstanceTasksStore store, string purpose = "dashboard") : IDataProtector
{
    // No row owns them; the purpose keeps them apart.
    private static readonly Guid Owner = Guid.Empty;

    public IDataProtector CreateProtector(string purpose1) => new StoredDataProtection(store, $"{purpose}{purpose1.Length}:{purpose1}");

    public byte[] Protect(byte[] plaintext) => store.Secrets.Seal(Owner, purpose, plaintext);

    public byte[] Unprotect(byte[] protectedData) => store.Secrets.Open(Owner, purpose, protectedData);
}
