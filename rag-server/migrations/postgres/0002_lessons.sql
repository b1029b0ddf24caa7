-- Lessons of the course, as its catalogue (a workbook among the materials) lists them, in its order.
CREATE TABLE lessons (
    material_id TEXT    NOT NULL CONSTRAINT lessons_catalogue REFERENCES materials (id) ON DELETE CASCADE,
    position    BIGINT  NOT NULL,
    code        TEXT    NOT NULL,
    module      TEXT    NOT NULL,
    lesson      TEXT    NOT NULL,
    title       TEXT    NOT NULL,
    summary     TEXT    NOT NULL,
    CONSTRAINT lessons_pk PRIMARY KEY (material_id, position)
);
CREATE INDEX lessons_by_code ON lessons (code);
