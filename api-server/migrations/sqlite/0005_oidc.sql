-- Sign-in by an identity provider (OpenID Connect). Ids are UUIDv7 text, times Unix milliseconds (UTC).

-- Sign-ins under way: minutes long, good once.
CREATE TABLE oidc_attempts (
    -- Of `state`, which the browser carries to the provider and back.
    state_digest TEXT NOT NULL,
    -- Of the cookie: only the browser that began may go on.
    browser_digest TEXT NOT NULL,
    nonce TEXT NOT NULL,
    pkce_verifier TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT oidc_attempts_pk PRIMARY KEY (state_digest)
);
CREATE INDEX oidc_attempts_by_expiry ON oidc_attempts (expires_at);

-- Who somebody is at a provider. An e-mail may wander from one person to another; issuer and subject do not.
CREATE TABLE oidc_links (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    uid TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT oidc_links_pk PRIMARY KEY (issuer, subject),
    CONSTRAINT oidc_links_once UNIQUE (issuer, uid),
    CONSTRAINT oidc_links_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);

CREATE INDEX users_by_email ON users (LOWER(email));
CREATE INDEX approved_users_by_email ON approved_users (LOWER(email));
