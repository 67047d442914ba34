-- Warnings about a student. `open_key` is `STUDENT:LEVEL` until somebody acknowledges: a second open one of the same level is impossible, a repeat joins it.
-- `due_at_ms` is set while the acknowledgement clock runs. Thread and question are no foreign keys: the warning stays when the student deletes them.
CREATE TABLE alerts (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    student_id VARCHAR(36) NOT NULL,
    thread_id VARCHAR(36),
    question_id VARCHAR(36),
    level BIGINT NOT NULL,
    excerpt MEDIUMTEXT NOT NULL,
    rules MEDIUMTEXT NOT NULL,
    pack_version VARCHAR(32) NOT NULL,
    open_key VARCHAR(80),
    times BIGINT NOT NULL,
    raised_at_ms BIGINT NOT NULL,
    last_raised_at_ms BIGINT NOT NULL,
    acknowledge_by_ms BIGINT,
    due_at_ms BIGINT,
    escalated_at_ms BIGINT,
    acknowledged_at_ms BIGINT,
    acknowledged_by VARCHAR(36),
    conversation_id VARCHAR(36),
    FOREIGN KEY (student_id) REFERENCES users (id),
    FOREIGN KEY (acknowledged_by) REFERENCES users (id),
    FOREIGN KEY (conversation_id) REFERENCES conversations (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE UNIQUE INDEX alerts_open ON alerts (open_key);
CREATE INDEX alerts_state ON alerts (acknowledged_at_ms, id);
CREATE INDEX alerts_due ON alerts (due_at_ms);
CREATE INDEX alerts_student ON alerts (student_id, id);
CREATE INDEX alerts_acknowledger ON alerts (acknowledged_by);
CREATE INDEX alerts_conversation ON alerts (conversation_id);

-- On which days somebody was shown a warning: one line of the audit trail per day is enough.
CREATE TABLE alert_views (
    user_id VARCHAR(36) NOT NULL,
    day VARCHAR(10) NOT NULL,
    alert_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (user_id, day, alert_id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    FOREIGN KEY (alert_id) REFERENCES alerts (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE INDEX alert_views_alert ON alert_views (alert_id);

-- Who can be called, in this order; no row means the list the server was built with.
CREATE TABLE hotlines (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    place BIGINT NOT NULL,
    name VARCHAR(120) NOT NULL,
    number VARCHAR(40) NOT NULL,
    url VARCHAR(255),
    hours VARCHAR(120) NOT NULL,
    note_id MEDIUMTEXT NOT NULL,
    note_en MEDIUMTEXT NOT NULL,
    checked_on VARCHAR(10) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE UNIQUE INDEX hotlines_place ON hotlines (place);
