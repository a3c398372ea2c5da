-- Schema 5: the catalogue of images that were made from servers. A row changes in the commit that accepts or ends its task, or is removed by its owner.
CREATE TABLE images (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    min_disk_gb INTEGER NOT NULL,
    properties TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    shelved INTEGER NOT NULL CHECK (shelved IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX images_project ON images (project_id, created_at, id);
CREATE INDEX images_shelved ON images (instance_id) WHERE shelved = 1;
