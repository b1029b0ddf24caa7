-- What people planned: questions to be asked for them, messages to be sent to them. Times are Unix milliseconds (UTC).
CREATE TABLE planned (
    id TEXT NOT NULL,
    uid TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Where it is asked; a new conversation when null, which then stands here.
    conversation_id TEXT,
    level TEXT,
    style TEXT,
    -- Five fields of cron in the zone; null where it is done once.
    cron TEXT,
    time_zone TEXT NOT NULL,
    paused BOOLEAN NOT NULL,
    -- Whether the answer also goes out by e-mail.
    by_mail BOOLEAN NOT NULL,
    -- When it is due; null when it never is again.
    next_at BIGINT,
    -- Who does it at the moment, and until when that is believed; also how long somebody waits before the next try.
    claim TEXT,
    claimed_until BIGINT,
    attempts BIGINT NOT NULL,
    -- Id of the question that is being asked, so that one whose answer was kept is not asked again.
    question_id TEXT,
    -- How it went the last time.
    last_planned_at BIGINT,
    last_at BIGINT,
    last_outcome TEXT,
    last_detail TEXT,
    created_at BIGINT NOT NULL,
    CONSTRAINT planned_pk PRIMARY KEY (id),
    CONSTRAINT planned_user FOREIGN KEY (uid) REFERENCES users (uid) ON DELETE CASCADE,
    CONSTRAINT planned_conversation FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE SET NULL,
    CONSTRAINT planned_kind CHECK (kind IN ('question', 'message')),
    CONSTRAINT planned_outcome CHECK (last_outcome IN ('done', 'failed'))
);
CREATE INDEX planned_by_user ON planned (uid, id);
CREATE INDEX planned_by_due ON planned (next_at);
CREATE INDEX planned_by_conversation ON planned (conversation_id);
