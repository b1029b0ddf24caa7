-- Google Drive: who may read it, what is mirrored, what each run did.

-- What a person consented to. The refresh token is sealed.
CREATE TABLE drive_grants (
    uid TEXT NOT NULL,
    refresh_token TEXT NOT NULL,
    -- 'ok', or 'needs_reauth' once Google has refused it.
    state TEXT NOT NULL,
    connected_at BIGINT NOT NULL,
    CONSTRAINT drive_grants_pk PRIMARY KEY (uid),
    CONSTRAINT drive_grants_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);

-- Consents under way: by the browser that began them, once.
CREATE TABLE drive_attempts (
    state_digest TEXT NOT NULL,
    browser_digest TEXT NOT NULL,
    uid TEXT NOT NULL,
    pkce_verifier TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT drive_attempts_pk PRIMARY KEY (state_digest),
    CONSTRAINT drive_attempts_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);

-- Folders that are mirrored.
CREATE TABLE drive_folders (
    id TEXT NOT NULL,
    -- Google's id of it.
    drive_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- 'user:<uid>', 'service_account', 'token_file' or 'api_key'; null until one was found that sees it.
    access TEXT,
    -- A key given for it, sealed.
    api_key TEXT,
    -- Google's id of the shared drive it lies in.
    shared_drive TEXT,
    max_depth BIGINT NOT NULL,
    -- Cron line of five fields, and when it is next due.
    schedule TEXT,
    next_run_at BIGINT,
    -- Where the changes go on from; null asks for a full crawl.
    page_token TEXT,
    -- When it was last crawled in full.
    full_at BIGINT,
    -- Code of what somebody should look at.
    notice TEXT,
    created_by TEXT,
    creator TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT drive_folders_pk PRIMARY KEY (id),
    CONSTRAINT drive_folders_drive_id UNIQUE (drive_id)
);

-- What Drive said is in a folder, as of its page token.
CREATE TABLE drive_items (
    folder TEXT NOT NULL,
    file_id TEXT NOT NULL,
    parent TEXT NOT NULL,
    -- JSON; read as a whole, never searched.
    item TEXT NOT NULL,
    CONSTRAINT drive_items_pk PRIMARY KEY (folder, file_id),
    CONSTRAINT drive_items_folder FOREIGN KEY (folder) REFERENCES drive_folders (id) ON DELETE CASCADE
);

-- What we hold of it.
CREATE TABLE drive_holdings (
    folder TEXT NOT NULL,
    file_id TEXT NOT NULL,
    material_uid TEXT NOT NULL,
    -- Of the content that is held: its MD5 or version; empty asks for it again.
    content_key TEXT NOT NULL,
    -- The id the material would have if no other had it.
    wanted TEXT NOT NULL,
    CONSTRAINT drive_holdings_pk PRIMARY KEY (folder, file_id),
    CONSTRAINT drive_holdings_folder FOREIGN KEY (folder) REFERENCES drive_folders (id) ON DELETE CASCADE
);

-- Syncs.
CREATE TABLE drive_runs (
    id TEXT NOT NULL,
    folder TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    dry_run BIGINT NOT NULL,
    partial BIGINT NOT NULL,
    -- How many removals somebody confirmed.
    allowed_removals BIGINT,
    started_by TEXT,
    starter TEXT NOT NULL,
    notice TEXT,
    folders BIGINT NOT NULL,
    listed BIGINT NOT NULL,
    indexed BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    pending BIGINT NOT NULL,
    removals BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    current_file TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    -- When the plan stood.
    planned_at BIGINT,
    ended_at BIGINT,
    cancelled BIGINT NOT NULL,
    -- Whoever works on it, and when that ends unless it is held on to.
    claim TEXT,
    due_at BIGINT NOT NULL,
    CONSTRAINT drive_runs_pk PRIMARY KEY (id),
    CONSTRAINT drive_runs_folder FOREIGN KEY (folder) REFERENCES drive_folders (id) ON DELETE CASCADE
);
-- One at a time.
CREATE UNIQUE INDEX drive_runs_going ON drive_runs (folder) WHERE ended_at IS NULL;
CREATE INDEX drive_runs_by_folder ON drive_runs (folder, created_at);

-- The ledger: a row for every file of a run, and one for every removal.
CREATE TABLE drive_ledger (
    run TEXT NOT NULL,
    seq BIGINT NOT NULL,
    file_id TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The id its material is to have.
    wanted TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    action TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    material_uid TEXT,
    CONSTRAINT drive_ledger_pk PRIMARY KEY (run, seq),
    CONSTRAINT drive_ledger_run FOREIGN KEY (run) REFERENCES drive_runs (id) ON DELETE CASCADE
);
CREATE INDEX drive_ledger_by_outcome ON drive_ledger (run, outcome, seq);
