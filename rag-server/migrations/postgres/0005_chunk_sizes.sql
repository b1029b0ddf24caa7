-- Tokens of a material's passages where its sender chose them; else the server's own settings hold.
ALTER TABLE materials ADD COLUMN chunk_size BIGINT;
ALTER TABLE materials ADD COLUMN chunk_overlap BIGINT;
-- Every question looks for workbooks.
CREATE INDEX materials_by_kind ON materials (kind, id) WHERE indexed_version IS NOT NULL;
