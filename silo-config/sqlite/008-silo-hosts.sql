-- Schema 8: for which hosts a silo may hold work, as a JSON array; NULL: it has not said, so for any.
ALTER TABLE silos ADD COLUMN hosts TEXT;
