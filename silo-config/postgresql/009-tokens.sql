-- Schema 9: access tokens that were taken back before their time. An older program issues and accepts none.
CREATE TABLE revoked_tokens (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at bigint NOT NULL
);
