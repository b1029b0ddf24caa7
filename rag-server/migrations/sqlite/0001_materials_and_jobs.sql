-- What the index holds and what is being done about it. Times are Unix milliseconds (UTC), JSON is text.
CREATE TABLE materials (
    id              TEXT    NOT NULL CONSTRAINT materials_pk PRIMARY KEY,
    source          TEXT    NOT NULL,
    filename        TEXT    NOT NULL,
    title           TEXT    NOT NULL,
    tags            TEXT    NOT NULL,
    origin          TEXT    NOT NULL CONSTRAINT materials_origin CHECK (origin IN ('sent', 'folder')),
    kind            TEXT,
    size_bytes      BIGINT  NOT NULL,
    content_hash    TEXT    NOT NULL,
    modified_at     BIGINT,
    state           TEXT    NOT NULL CONSTRAINT materials_state
        CHECK (state IN ('queued', 'extracting', 'indexing', 'searchable', 'ready', 'failed', 'needs_ocr')),
    reason_code     TEXT,
    reason          TEXT,
    pages           BIGINT,
    chunks          BIGINT  NOT NULL,
    embedded        BIGINT  NOT NULL,
    warnings        TEXT    NOT NULL,
    ocr_pages       TEXT    NOT NULL,
    revision        TEXT    NOT NULL,
    indexed_version TEXT,
    job_id          TEXT,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL,
    CONSTRAINT materials_ready_has_chunks CHECK (state <> 'ready' OR chunks > 0)
);
CREATE INDEX materials_by_state ON materials (state, updated_at);
CREATE INDEX materials_by_hash ON materials (content_hash);

CREATE TABLE jobs (
    id               TEXT    NOT NULL CONSTRAINT jobs_pk PRIMARY KEY,
    kind             TEXT    NOT NULL CONSTRAINT jobs_kind CHECK (kind IN ('ingest', 'mirror', 'reindex')),
    material_id      TEXT,
    parent_id        TEXT,
    options          TEXT    NOT NULL,
    result           TEXT,
    state            TEXT    NOT NULL CONSTRAINT jobs_state
        CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    stage            TEXT    NOT NULL,
    done             BIGINT  NOT NULL,
    total            BIGINT  NOT NULL,
    attempts         BIGINT  NOT NULL,
    starts           BIGINT  NOT NULL,
    reason_code      TEXT,
    reason           TEXT,
    cancel_requested BOOLEAN NOT NULL,
    created_at       BIGINT  NOT NULL,
    started_at       BIGINT,
    updated_at       BIGINT  NOT NULL,
    finished_at      BIGINT
);
CREATE INDEX jobs_by_state ON jobs (state, created_at);
CREATE INDEX jobs_by_material ON jobs (material_id);
CREATE INDEX jobs_by_parent ON jobs (parent_id, state);

-- Materials whose rows may still stand in the index although they are gone here: cleared once they are not.
CREATE TABLE removals (
    material_id TEXT   NOT NULL CONSTRAINT removals_pk PRIMARY KEY,
    created_at  BIGINT NOT NULL
);

-- Facts about the index as a whole, such as the embedding model in use.
CREATE TABLE index_facts (
    name  TEXT NOT NULL CONSTRAINT index_facts_pk PRIMARY KEY,
    value TEXT NOT NULL
);
