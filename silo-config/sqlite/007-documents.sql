-- Schema 7: small records of operators, one text each; and the zone that an aggregate gives to a host in place of its own.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
ALTER TABLE hosts ADD COLUMN aggregate_zone TEXT;
