-- How often a user changed what is read: with the newest position of the log it orders unread counts.
CREATE TABLE notice_changes (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    changes BIGINT NOT NULL
);
