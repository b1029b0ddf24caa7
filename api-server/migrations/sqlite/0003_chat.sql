-- The assistant, conversations and what they use. Ids are UUIDv7 text, times Unix milliseconds (UTC), lists JSON.

-- One at a time: a change is made to the configuration that the change before left.
INSERT INTO turns (name, taken) VALUES ('assistant', 0);

-- Who changed what and when; the configuration in force is that of the last row that is not about a template alone.
CREATE TABLE assistant_changes (
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    uid TEXT,
    username TEXT,
    act TEXT NOT NULL,
    -- The template that was applied, saved or removed.
    template TEXT,
    config TEXT NOT NULL,
    CONSTRAINT assistant_changes_pk PRIMARY KEY (id),
    CONSTRAINT assistant_changes_act
        CHECK (act IN ('saved', 'template_applied', 'reset', 'template_saved', 'template_removed'))
);

CREATE TABLE assistant_templates (
    name TEXT NOT NULL,
    config TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT assistant_templates_pk PRIMARY KEY (name)
);

CREATE TABLE conversations (
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    -- The client's own name for it; the same text of two users is two conversations.
    session_id TEXT NOT NULL,
    title TEXT NOT NULL,
    topic TEXT,
    level TEXT NOT NULL,
    style TEXT NOT NULL,
    objectives TEXT NOT NULL,
    -- Headings of what was cited, the latest last.
    topics TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT conversations_pk PRIMARY KEY (id),
    CONSTRAINT conversations_session UNIQUE (uid, session_id),
    CONSTRAINT conversations_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);
CREATE INDEX conversations_by_user ON conversations (uid, updated_at);

CREATE TABLE messages (
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Of a question: whether an answer was kept. Of an answer: true.
    answered BOOLEAN NOT NULL,
    -- Of an answer: everything but its text, as it was sent.
    details TEXT,
    mode TEXT,
    model TEXT,
    prompt_tokens BIGINT,
    completion_tokens BIGINT,
    -- Billionths of a US dollar.
    cost_nanos BIGINT,
    rating TEXT,
    reason TEXT,
    rated_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT messages_pk PRIMARY KEY (id),
    CONSTRAINT messages_conversation FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE,
    CONSTRAINT messages_role CHECK (role IN ('user', 'assistant')),
    CONSTRAINT messages_rating CHECK (rating IN ('up', 'down'))
);
CREATE INDEX messages_by_conversation ON messages (conversation_id, id);

-- Per user and day of the course's time zone. Stays when the user goes: the day's budget counts it.
CREATE TABLE chat_usage (
    uid TEXT NOT NULL,
    day TEXT NOT NULL,
    questions BIGINT NOT NULL,
    answers BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nanos BIGINT NOT NULL,
    CONSTRAINT chat_usage_pk PRIMARY KEY (uid, day)
);
CREATE INDEX chat_usage_by_day ON chat_usage (day);

-- Questions of the last day, for the limits per hour and day.
CREATE TABLE chat_asked (
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT chat_asked_pk PRIMARY KEY (id),
    CONSTRAINT chat_asked_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE
);
CREATE INDEX chat_asked_by_user ON chat_asked (uid, at);
