-- Schema 12: a hold may be on everything: nothing is given then.
ALTER TABLE holds DROP CONSTRAINT holds_check;
