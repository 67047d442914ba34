-- How often a user changed what is read: with the newest position of the log it orders unread counts.
CREATE TABLE notice_changes (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY,
    changes BIGINT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
