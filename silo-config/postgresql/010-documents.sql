-- Schema 10: small records of operators, one text each; and the zone that an aggregate gives to a host in place of its own.
CREATE TABLE documents (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (kind, id)
);
ALTER TABLE hosts ADD COLUMN aggregate_zone text;
