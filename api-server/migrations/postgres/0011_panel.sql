-- What administrators set for the whole system, what they had done, and what follows from it.
-- Ids are UUIDv7 text, times Unix milliseconds (UTC).

-- One at a time: a change is made to the settings that the change before left; one maintenance runs at a time.
INSERT INTO turns (name, taken) VALUES ('site', 0);
INSERT INTO turns (name, taken) VALUES ('maintenance', 0);

-- Who changed which settings and when; those of the last row are in force.
CREATE TABLE site_changes (
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    uid TEXT,
    username TEXT,
    act TEXT NOT NULL,
    -- JSON: what this change changed.
    changed TEXT NOT NULL,
    -- JSON: everything that differs from what the operator set, after this change.
    overrides TEXT NOT NULL,
    CONSTRAINT site_changes_pk PRIMARY KEY (id),
    CONSTRAINT site_changes_act CHECK (act IN ('saved', 'reset'))
);

-- When a password was last set; null where that was not yet kept.
ALTER TABLE users ADD COLUMN password_changed_at BIGINT;

-- Maintenance that was asked for and what it came to.
CREATE TABLE maintenance_jobs (
    id TEXT NOT NULL,
    operation TEXT NOT NULL,
    dry_run BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    uid TEXT,
    username TEXT,
    created_at BIGINT NOT NULL,
    -- Moves on while somebody works on it: what has stood still was interrupted.
    alive_at BIGINT NOT NULL,
    finished_at BIGINT,
    message TEXT,
    -- JSON: what it came to.
    outcome TEXT,
    CONSTRAINT maintenance_jobs_pk PRIMARY KEY (id),
    CONSTRAINT maintenance_jobs_state CHECK (state IN ('running', 'done', 'failed', 'interrupted'))
);
CREATE INDEX maintenance_jobs_by_state ON maintenance_jobs (state);

-- Downloads of materials, without who downloaded.
CREATE TABLE material_downloads (
    id TEXT NOT NULL,
    material_uid TEXT NOT NULL,
    -- Its id then.
    material_id TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT material_downloads_pk PRIMARY KEY (id)
);
CREATE INDEX material_downloads_by_time ON material_downloads (at);

-- Recordings that are to be written down, or were.
CREATE TABLE transcriptions (
    -- The recording.
    material_uid TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it is to be done; while somebody does it, when that claim ends.
    due_at BIGINT NOT NULL,
    -- Who asked for it, and the name that account had then.
    uid TEXT,
    username TEXT,
    -- Sentence for people: why there is no transcript.
    reason TEXT,
    CONSTRAINT transcriptions_pk PRIMARY KEY (material_uid),
    CONSTRAINT transcriptions_state CHECK (state IN ('queued', 'done', 'failed'))
);
CREATE INDEX transcriptions_by_due ON transcriptions (state, due_at);
