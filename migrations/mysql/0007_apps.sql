-- Connected Pusher apps. `id` is a number as text (the SDKs demand it). `sealed_secret` is encrypted with a key of the server's secret: signatures are
-- HMACs, so a hash would not do. Flags are 0 or 1; `allowed_origins`, `limits` and `webhooks` are JSON.
CREATE TABLE apps (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    name MEDIUMTEXT NOT NULL,
    app_key VARCHAR(36) NOT NULL,
    sealed_secret MEDIUMTEXT NOT NULL,
    is_enabled BIGINT NOT NULL,
    allows_client_events BIGINT NOT NULL,
    counts_subscriptions BIGINT NOT NULL,
    allowed_origins MEDIUMTEXT NOT NULL,
    limits MEDIUMTEXT NOT NULL,
    webhooks MEDIUMTEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
CREATE UNIQUE INDEX apps_key ON apps (app_key);
