-- On which days somebody watched what happens in a connected app: one line of the audit trail per day is enough. Apps of the settings have no row in `apps`.
CREATE TABLE app_console_views (
    user_id VARCHAR(36) NOT NULL,
    day VARCHAR(10) NOT NULL,
    app_id VARCHAR(255) NOT NULL,
    PRIMARY KEY (user_id, day, app_id),
    FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
