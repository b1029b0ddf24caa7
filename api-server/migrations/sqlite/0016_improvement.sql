-- What people open of an answer's sources, and what the weekly improvement came to. Times are Unix milliseconds (UTC).

-- Which source of an answer was opened; ids alone. Goes with the answer.
CREATE TABLE opened_sources (
    message_id TEXT NOT NULL,
    -- Number of the source in the answer, from 1.
    n BIGINT NOT NULL,
    at BIGINT NOT NULL,
    CONSTRAINT opened_sources_pk PRIMARY KEY (message_id, n),
    CONSTRAINT opened_sources_message FOREIGN KEY (message_id) REFERENCES messages (id) ON DELETE CASCADE
);

-- Each time the ranking learned, or tried to.
CREATE TABLE improvements (
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    -- The rag-server's number of the try; of one with too little to learn from, the version in use.
    version BIGINT NOT NULL,
    examples BIGINT NOT NULL,
    people BIGINT NOT NULL,
    -- What it came to, for people.
    detail TEXT NOT NULL,
    -- JSON: figures before and after.
    figures TEXT NOT NULL,
    CONSTRAINT improvements_pk PRIMARY KEY (id),
    CONSTRAINT improvements_outcome CHECK (outcome IN ('accepted', 'refused', 'too_few'))
);
