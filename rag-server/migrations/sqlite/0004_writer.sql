-- Which of several servers over the same data writes; at most one row.
CREATE TABLE writer (
    name    TEXT   NOT NULL CONSTRAINT writer_pk PRIMARY KEY CONSTRAINT writer_only CHECK (name = 'writer'),
    holder  TEXT   NOT NULL,
    address TEXT   NOT NULL,
    beat    BIGINT NOT NULL
);
