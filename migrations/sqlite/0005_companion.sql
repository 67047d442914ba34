-- A student's thread with the companion. An empty title is none yet.
CREATE TABLE companion_threads (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    student_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title VARCHAR(120) NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_message_at_ms BIGINT NOT NULL
);
CREATE INDEX companion_threads_student ON companion_threads (student_id, last_message_at_ms, id);

-- What a student asked. `client_id` makes a repeated send find the first one; `fingerprint` tells whether it is the same question. Level and rules are what the
-- safety check made of it; they are never shown to the student.
CREATE TABLE companion_questions (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    thread_id VARCHAR(36) NOT NULL REFERENCES companion_threads (id) ON DELETE CASCADE,
    student_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id VARCHAR(36) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    body TEXT NOT NULL,
    level BIGINT NOT NULL,
    rules TEXT NOT NULL,
    pack_version VARCHAR(64) NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX companion_questions_client ON companion_questions (student_id, client_id);
CREATE INDEX companion_questions_thread ON companion_questions (thread_id, id);

-- The answers to a question, a version each. The id is also that of the log row that announces the end. `live_key` is the thread's id while the answer
-- grows and makes a second growing one of the thread impossible; `node_id` is the process it grows in. Tokens: reserved before, settled after.
CREATE TABLE companion_answers (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    question_id VARCHAR(36) NOT NULL REFERENCES companion_questions (id) ON DELETE CASCADE,
    thread_id VARCHAR(36) NOT NULL REFERENCES companion_threads (id) ON DELETE CASCADE,
    student_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    kind VARCHAR(16) NOT NULL,
    status VARCHAR(16) NOT NULL,
    live_key VARCHAR(36),
    body TEXT NOT NULL,
    seq BIGINT NOT NULL,
    help TEXT,
    fault VARCHAR(64),
    language VARCHAR(8) NOT NULL,
    prompt_version VARCHAR(64),
    node_id VARCHAR(36),
    stop_requested BIGINT NOT NULL,
    usage_month VARCHAR(8),
    reserved_tokens BIGINT NOT NULL,
    used_tokens BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    finished_at_ms BIGINT
);
CREATE UNIQUE INDEX companion_answers_live ON companion_answers (live_key);
CREATE UNIQUE INDEX companion_answers_version ON companion_answers (question_id, version);
CREATE INDEX companion_answers_thread ON companion_answers (thread_id, id);
CREATE INDEX companion_answers_student ON companion_answers (student_id);
CREATE INDEX companion_answers_status ON companion_answers (status, node_id);

-- How many answers a student asked for on a day of the school.
CREATE TABLE companion_days (
    student_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day VARCHAR(10) NOT NULL,
    answers BIGINT NOT NULL,
    PRIMARY KEY (student_id, day)
);
CREATE INDEX companion_days_day ON companion_days (day);

-- Tokens of the whole school in a month: promised to answers that grow, and used. Which warnings the admins got, 0 or 1 each.
CREATE TABLE companion_usage (
    month VARCHAR(8) NOT NULL PRIMARY KEY,
    reserved BIGINT NOT NULL,
    used BIGINT NOT NULL,
    warned_80 BIGINT NOT NULL,
    warned_100 BIGINT NOT NULL
);

-- Processes in which answers grow; one that stops renewing its lease is dead, and its answers are interrupted.
CREATE TABLE companion_nodes (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    lease_until_ms BIGINT NOT NULL
);
