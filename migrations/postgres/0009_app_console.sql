-- On which days somebody watched what happens in a connected app: one line of the audit trail per day is enough. Apps of the settings have no row in `apps`.
CREATE TABLE app_console_views (
    user_id VARCHAR(36) COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day VARCHAR(10) COLLATE "C" NOT NULL,
    app_id VARCHAR(255) COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, day, app_id)
);
