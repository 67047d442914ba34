-- When a counsellor can be booked. The settings are one JSON object: they are read and written as a whole.
CREATE TABLE availability (
    counsellor_id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    version BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);

-- What a counsellor says about being there.
CREATE TABLE counsellor_status (
    user_id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    status VARCHAR(16) COLLATE "C" NOT NULL,
    changed_at_ms BIGINT NOT NULL
);

-- blocked_*: the time with the counsellor's buffers of the moment of booking.
CREATE TABLE appointments (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    counsellor_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    student_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    starts_at_ms BIGINT NOT NULL,
    ends_at_ms BIGINT NOT NULL,
    blocked_from_ms BIGINT NOT NULL,
    blocked_to_ms BIGINT NOT NULL,
    state VARCHAR(16) COLLATE "C" NOT NULL,
    mode VARCHAR(16) COLLATE "C" NOT NULL,
    topic VARCHAR(120) NOT NULL,
    note TEXT,
    reason TEXT,
    proposed_by VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    cancelled_by VARCHAR(36) COLLATE "C" REFERENCES users (id),
    video_room VARCHAR(64) COLLATE "C",
    sequence BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX appointments_counsellor ON appointments (counsellor_id, starts_at_ms, id);
CREATE INDEX appointments_student ON appointments (student_id, starts_at_ms, id);
CREATE INDEX appointments_time ON appointments (starts_at_ms, id);
CREATE INDEX appointments_proposer ON appointments (proposed_by);
CREATE INDEX appointments_canceller ON appointments (cancelled_by);

-- The guarantee that nobody has two appointments at once: a live appointment owns every piece of 5 minutes (start / 300000) of its counsellor,
-- buffers included, and of its student. Whoever comes second hits the primary key.
CREATE TABLE slot_claims (
    person_id VARCHAR(36) COLLATE "C" NOT NULL,
    bucket BIGINT NOT NULL,
    appointment_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    PRIMARY KEY (person_id, bucket)
);
CREATE INDEX slot_claims_appointment ON slot_claims (appointment_id);
CREATE INDEX slot_claims_bucket ON slot_claims (bucket);

-- Reminders still to be sent.
CREATE TABLE reminders (
    appointment_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES appointments (id) ON DELETE CASCADE,
    minutes_before BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    PRIMARY KEY (appointment_id, minutes_before)
);
CREATE INDEX reminders_due ON reminders (due_at_ms);
