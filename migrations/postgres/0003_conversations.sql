-- A student's conversation with the counsellors. `open_key` is set while it is live and makes a second one impossible: `STUDENT:COUNSELLOR` while it is
-- open, `STUDENT:waiting` in the queue. `last_seq` numbers the messages; raising it holds the row, so numbers have no gaps.
CREATE TABLE conversations (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    student_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    counsellor_id VARCHAR(36) COLLATE "C" REFERENCES users (id),
    state VARCHAR(16) COLLATE "C" NOT NULL,
    subject VARCHAR(120),
    search_text TEXT NOT NULL,
    open_key VARCHAR(80) COLLATE "C",
    last_seq BIGINT NOT NULL,
    last_message_at_ms BIGINT NOT NULL,
    waiting_since_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    closed_at_ms BIGINT
);
CREATE UNIQUE INDEX conversations_live ON conversations (open_key);
CREATE INDEX conversations_student ON conversations (student_id, last_message_at_ms, id);
CREATE INDEX conversations_counsellor ON conversations (counsellor_id, last_message_at_ms, id);
CREATE INDEX conversations_queue ON conversations (state, waiting_since_ms, id);

-- The id of a message is also the id of the log row that announces it. `client_id` makes a repeated send find the first one; `fingerprint` tells whether
-- it is the same message.
CREATE TABLE messages (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    conversation_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES conversations (id),
    seq BIGINT NOT NULL,
    sender_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    client_id VARCHAR(36) COLLATE "C" NOT NULL,
    fingerprint VARCHAR(64) COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    search_text TEXT NOT NULL,
    file_key VARCHAR(255) COLLATE "C",
    file_name VARCHAR(255),
    file_size_bytes BIGINT,
    file_content_type VARCHAR(100) COLLATE "C",
    file_sha256 VARCHAR(64) COLLATE "C",
    created_at_ms BIGINT NOT NULL,
    edited_at_ms BIGINT,
    deleted_at_ms BIGINT
);
CREATE UNIQUE INDEX messages_seq ON messages (conversation_id, seq);
CREATE UNIQUE INDEX messages_client ON messages (sender_id, client_id);
CREATE UNIQUE INDEX messages_file ON messages (file_key);
CREATE INDEX messages_created ON messages (conversation_id, created_at_ms);

-- What a message said before an edit. The id is that of the log row that announced the edit.
CREATE TABLE message_edits (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    message_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    body TEXT NOT NULL,
    edited_at_ms BIGINT NOT NULL
);
CREATE INDEX message_edits_message ON message_edits (message_id, id);

-- What counsellors write for counsellors. A table of its own: nothing a student reads is joined with it.
CREATE TABLE private_notes (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    conversation_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES conversations (id),
    author_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX private_notes_conversation ON private_notes (conversation_id, id);

-- Everything up to the numbers was delivered to, or read by, the user.
CREATE TABLE conversation_watermarks (
    conversation_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    delivered_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, user_id)
);
CREATE INDEX conversation_watermarks_user ON conversation_watermarks (user_id);

-- On which days somebody other than the student looked into a conversation: one line of the audit trail per day is enough.
CREATE TABLE conversation_views (
    user_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day VARCHAR(10) COLLATE "C" NOT NULL,
    conversation_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, day, conversation_id)
);
CREATE INDEX conversation_views_conversation ON conversation_views (conversation_id);

-- Prepared answers. `owner_key` is the id of a counsellor, or `school`.
CREATE TABLE canned_replies (
    id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY,
    owner_key VARCHAR(36) COLLATE "C" NOT NULL,
    shortcut VARCHAR(32) COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_by VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id),
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX canned_replies_shortcut ON canned_replies (owner_key, shortcut);
CREATE INDEX canned_replies_creator ON canned_replies (created_by);

-- 0 or 1 each; no row means that nothing is hidden.
CREATE TABLE chat_preferences (
    user_id VARCHAR(36) COLLATE "C" NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hide_typing BIGINT NOT NULL,
    hide_read_receipts BIGINT NOT NULL
);
