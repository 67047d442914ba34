-- What the owners of connected apps are told of (section 2.9 of the wire contract). A queue is an address of an app; one node at a time holds its lease
-- and delivers. Its id is a fingerprint of app and address. `failing_since_ms` is null while deliveries succeed.
CREATE TABLE webhook_queues (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    app_id VARCHAR(36) NOT NULL,
    url TEXT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    failing_since_ms BIGINT,
    last_error TEXT,
    lease_by VARCHAR(36),
    lease_until_ms BIGINT NOT NULL,
    used_at_ms BIGINT NOT NULL
);
CREATE INDEX webhook_queues_due ON webhook_queues (due_at_ms);
CREATE INDEX webhook_queues_app ON webhook_queues (app_id);

-- What waits to be delivered, in order of `ready_at_ms` and id; delivered events are removed. `subject` is a fingerprint of what may be taken back
-- until it is ready (a channel that is vacated, a member that leaves). `died_at_ms` is 0 for the living; the dead wait for an admin.
CREATE TABLE webhook_events (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    queue_id VARCHAR(64) NOT NULL,
    app_id VARCHAR(36) NOT NULL,
    subject VARCHAR(64),
    event TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    ready_at_ms BIGINT NOT NULL,
    died_at_ms BIGINT NOT NULL,
    reason TEXT
);
CREATE INDEX webhook_events_waiting ON webhook_events (queue_id, died_at_ms, ready_at_ms, id);
CREATE INDEX webhook_events_subject ON webhook_events (queue_id, subject);
CREATE INDEX webhook_events_dead ON webhook_events (app_id, died_at_ms, id);
