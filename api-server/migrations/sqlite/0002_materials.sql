-- Materials, and what the rag-server has still to be told of them.
CREATE TABLE materials (
    uid TEXT NOT NULL,
    -- The path people see: modulo-1/aula-03.pdf.
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    -- JSON array of texts.
    tags TEXT NOT NULL,
    -- Extension in lower case; the content was checked against it.
    type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    -- BLAKE3 of the content, hexadecimal: the name of its file.
    content_hash TEXT NOT NULL,
    -- Who sent it, and the name that account had then.
    uploaded_by TEXT,
    uploader TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- What the rag-server last said: its state, and 'queued' before it has been told.
    state TEXT NOT NULL,
    pages BIGINT,
    passages BIGINT NOT NULL,
    embedded BIGINT NOT NULL,
    reason_code TEXT,
    reason TEXT,
    CONSTRAINT materials_pk PRIMARY KEY (uid),
    CONSTRAINT materials_id UNIQUE (id)
);
CREATE INDEX materials_by_hash ON materials (content_hash);

-- One row for each material the rag-server has to hear of or be asked about; a newer wish replaces an older one.
CREATE TABLE material_sync (
    uid TEXT NOT NULL,
    act TEXT NOT NULL,
    -- Grows with every wish, so that who fulfilled an older one does not clear a newer one.
    wish BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it is to be done; while somebody does it, when that claim ends.
    due_at BIGINT NOT NULL,
    claim TEXT,
    -- When the rag-server accepted it.
    sent_at BIGINT,
    CONSTRAINT material_sync_pk PRIMARY KEY (uid),
    CONSTRAINT material_sync_act CHECK (act IN ('put', 'follow', 'remove'))
);
CREATE INDEX material_sync_by_due ON material_sync (due_at);
