-- Accounts and everything that proves who somebody is. Ids are UUIDv7 text, times Unix milliseconds (UTC).
CREATE TABLE users (
    uid TEXT NOT NULL,
    username TEXT NOT NULL,
    -- The name in lower case: Ana and ana are one account.
    username_key TEXT NOT NULL,
    email TEXT,
    full_name TEXT,
    role TEXT NOT NULL,
    -- PHC string of argon2id, an earlier system's bcrypt until the next login, or '!' where nobody knows a password.
    password_hash TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    approved BOOLEAN NOT NULL,
    temporary_password BOOLEAN NOT NULL,
    temporary_expires_at BIGINT,
    external_id TEXT,
    -- The external id as a number, where it is one.
    external_number BIGINT,
    -- Tokens of another version are void, but for the one that is spared.
    token_version BIGINT NOT NULL,
    spared_jti TEXT,
    totp_secret TEXT,
    totp_confirmed BOOLEAN NOT NULL,
    totp_last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login BIGINT,
    CONSTRAINT users_pk PRIMARY KEY (uid),
    CONSTRAINT users_username UNIQUE (username_key),
    CONSTRAINT users_external UNIQUE (external_id),
    CONSTRAINT users_role CHECK (role IN ('admin', 'instructor', 'student'))
);

-- One row, taken for the length of a change that must not leave the system without an administrator or give a number twice.
CREATE TABLE turns (
    name TEXT NOT NULL,
    taken BIGINT NOT NULL,
    CONSTRAINT turns_pk PRIMARY KEY (name)
);
INSERT INTO turns (name, taken) VALUES ('users', 0);

CREATE TABLE sessions (
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    address TEXT,
    agent TEXT,
    CONSTRAINT sessions_pk PRIMARY KEY (id),
    CONSTRAINT sessions_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (uid);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    digest TEXT NOT NULL,
    session_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    CONSTRAINT refresh_tokens_pk PRIMARY KEY (digest),
    CONSTRAINT refresh_tokens_session FOREIGN KEY (session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE api_keys (
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    digest TEXT NOT NULL,
    -- Words separated by spaces.
    scopes TEXT NOT NULL,
    -- The user's token version when it was made: what voids tokens voids keys.
    token_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    last_used_at BIGINT,
    CONSTRAINT api_keys_pk PRIMARY KEY (id),
    CONSTRAINT api_keys_prefix UNIQUE (prefix),
    CONSTRAINT api_keys_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);
CREATE INDEX api_keys_by_user ON api_keys (uid);

CREATE TABLE recovery_codes (
    uid TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT recovery_codes_pk PRIMARY KEY (uid, digest),
    CONSTRAINT recovery_codes_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);

CREATE TABLE approved_users (
    id TEXT NOT NULL,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT NOT NULL,
    full_name TEXT,
    role TEXT NOT NULL,
    external_id TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT approved_users_pk PRIMARY KEY (id),
    CONSTRAINT approved_users_username UNIQUE (username_key),
    CONSTRAINT approved_users_role CHECK (role IN ('admin', 'instructor', 'student'))
);

-- Links sent by e-mail. `subject` is a name in lower case: of an account, or of somebody on the approved list.
CREATE TABLE links (
    digest TEXT NOT NULL,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The mail it was made for: a mail sent again replaces its link.
    mail_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    CONSTRAINT links_pk PRIMARY KEY (digest),
    CONSTRAINT links_purpose CHECK (purpose IN ('verify', 'reset'))
);
CREATE INDEX links_by_subject ON links (subject);

-- Mails to be sent. They hold no secret: links are made when a mail is sent.
CREATE TABLE mails (
    id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    subject TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT mails_pk PRIMARY KEY (id),
    CONSTRAINT mails_once UNIQUE (purpose, subject)
);
CREATE INDEX mails_by_due ON mails (due_at);

CREATE TABLE webhook_deliveries (
    digest TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    CONSTRAINT webhook_deliveries_pk PRIMARY KEY (digest)
);

CREATE TABLE audit (
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    actor_uid TEXT,
    actor TEXT,
    target_uid TEXT,
    target TEXT,
    address TEXT,
    request_id TEXT,
    CONSTRAINT audit_pk PRIMARY KEY (id)
);
CREATE INDEX audit_by_target ON audit (target_uid, id);
