-- When a counsellor can be booked. The settings are one JSON object: they are read and written as a whole.
CREATE TABLE availability (
    counsellor_id VARCHAR(36) NOT NULL PRIMARY KEY,
    settings MEDIUMTEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    FOREIGN KEY (counsellor_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What a counsellor says about being there.
CREATE TABLE counsellor_status (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY,
    status VARCHAR(16) NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- blocked_*: the time with the counsellor's buffers of the moment of booking.
CREATE TABLE appointments (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    counsellor_id VARCHAR(36) NOT NULL,
    student_id VARCHAR(36) NOT NULL,
    starts_at_ms BIGINT NOT NULL,
    ends_at_ms BIGINT NOT NULL,
    blocked_from_ms BIGINT NOT NULL,
    blocked_to_ms BIGINT NOT NULL,
    state VARCHAR(16) NOT NULL,
    mode VARCHAR(16) NOT NULL,
    topic VARCHAR(120) NOT NULL,
    note MEDIUMTEXT,
    reason MEDIUMTEXT,
    proposed_by VARCHAR(36) NOT NULL,
    cancelled_by VARCHAR(36),
    video_room VARCHAR(64),
    sequence BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    FOREIGN KEY (counsellor_id) REFERENCES users (id),
    FOREIGN KEY (student_id) REFERENCES users (id),
    FOREIGN KEY (proposed_by) REFERENCES users (id),
    FOREIGN KEY (cancelled_by) REFERENCES users (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE INDEX appointments_counsellor ON appointments (counsellor_id, starts_at_ms, id);
CREATE INDEX appointments_student ON appointments (student_id, starts_at_ms, id);
CREATE INDEX appointments_time ON appointments (starts_at_ms, id);
CREATE INDEX appointments_proposer ON appointments (proposed_by);
CREATE INDEX appointments_canceller ON appointments (cancelled_by);

-- The guarantee that nobody has two appointments at once: a live appointment owns every piece of 5 minutes (start / 300000) of its counsellor,
-- buffers included, and of its student. Whoever comes second hits the primary key.
CREATE TABLE slot_claims (
    person_id VARCHAR(36) NOT NULL,
    bucket BIGINT NOT NULL,
    appointment_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (person_id, bucket),
    FOREIGN KEY (appointment_id) REFERENCES appointments (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE INDEX slot_claims_appointment ON slot_claims (appointment_id);
CREATE INDEX slot_claims_bucket ON slot_claims (bucket);

-- Reminders still to be sent.
CREATE TABLE reminders (
    appointment_id VARCHAR(36) NOT NULL,
    minutes_before BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    PRIMARY KEY (appointment_id, minutes_before),
    FOREIGN KEY (appointment_id) REFERENCES appointments (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE INDEX reminders_due ON reminders (due_at_ms);
