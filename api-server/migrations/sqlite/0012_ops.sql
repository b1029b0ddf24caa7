-- What is done by the clock, what is told to whom when something is wrong, and the letters of both. Times are Unix
-- milliseconds (UTC).

-- Who of several processes does something; `until` passes when it dies.
CREATE TABLE leases (
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    until BIGINT NOT NULL,
    CONSTRAINT leases_pk PRIMARY KEY (name)
);

CREATE TABLE schedules (
    name TEXT NOT NULL,
    -- Another time than the usual one, as five fields of cron.
    cron TEXT,
    paused BOOLEAN NOT NULL,
    -- When it is due, and from what that was computed.
    next_at BIGINT NOT NULL,
    timing TEXT NOT NULL,
    -- The run that is going on; when `running_until` is past, it died.
    running TEXT,
    running_until BIGINT,
    CONSTRAINT schedules_pk PRIMARY KEY (name)
);

CREATE TABLE schedule_runs (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- When it was due; of a run that somebody asked for, when that was.
    planned_at BIGINT NOT NULL,
    cause TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT NOT NULL,
    -- What it did, or what went wrong, for people.
    detail TEXT,
    -- Name of who asked for it.
    actor TEXT,
    CONSTRAINT schedule_runs_pk PRIMARY KEY (id),
    CONSTRAINT schedule_runs_cause CHECK (cause IN ('clock', 'missed', 'asked')),
    CONSTRAINT schedule_runs_outcome
        CHECK (outcome IN ('running', 'done', 'failed', 'timed_out', 'interrupted', 'skipped'))
);
CREATE INDEX schedule_runs_by_name ON schedule_runs (name, id);
CREATE INDEX schedule_runs_by_end ON schedule_runs (started_at);

-- Where alerts and reports go, and when there is an alert. One row, JSON.
CREATE TABLE alert_settings (
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    CONSTRAINT alert_settings_pk PRIMARY KEY (name)
);

-- What is wrong at the moment, by rule.
CREATE TABLE alerts (
    rule TEXT NOT NULL,
    detail TEXT NOT NULL,
    since BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    CONSTRAINT alerts_pk PRIMARY KEY (rule)
);

-- What is to be told, one row for each recipient.
CREATE TABLE notices (
    id TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT notices_pk PRIMARY KEY (id),
    CONSTRAINT notices_channel CHECK (channel IN ('email', 'webhook', 'slack'))
);
CREATE INDEX notices_by_due ON notices (due_at);

-- How conversations went, judged when they have ended.
CREATE TABLE conversation_judgements (
    conversation_id TEXT NOT NULL,
    judged_at BIGINT NOT NULL,
    questions BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    not_found BIGINT NOT NULL,
    rated_up BIGINT NOT NULL,
    rated_down BIGINT NOT NULL,
    CONSTRAINT conversation_judgements_pk PRIMARY KEY (conversation_id),
    CONSTRAINT conversation_judgements_conversation
        FOREIGN KEY (conversation_id) REFERENCES conversations (id) ON DELETE CASCADE
);
