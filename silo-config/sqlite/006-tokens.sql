-- Schema 6: access tokens that were taken back before their time. An older program issues and accepts none.
CREATE TABLE revoked_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
