-- Times are ms since 1970 UTC, ids are UUIDv7 text, JSON is text. The same tables, columns and indexes exist for every engine.
CREATE TABLE users (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    login VARCHAR(64) NOT NULL,
    name VARCHAR(120) NOT NULL,
    search_text TEXT NOT NULL,
    role VARCHAR(16) NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    disabled_at_ms BIGINT,
    last_login_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_login ON users (login);
CREATE INDEX users_role ON users (role, id);

CREATE TABLE logins (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash VARCHAR(64) NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    user_agent TEXT,
    address VARCHAR(64)
);
CREATE UNIQUE INDEX logins_token ON logins (token_hash);
CREATE INDEX logins_user ON logins (user_id, id);
CREATE INDEX logins_expiry ON logins (expires_at_ms);
CREATE INDEX logins_idle ON logins (last_seen_at_ms);

CREATE TABLE materials (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    title VARCHAR(160) NOT NULL,
    category VARCHAR(60) NOT NULL,
    body TEXT NOT NULL,
    summary TEXT,
    search_text TEXT NOT NULL,
    status VARCHAR(16) NOT NULL,
    file_key VARCHAR(255),
    file_name VARCHAR(255),
    file_size_bytes BIGINT,
    file_content_type VARCHAR(100),
    file_sha256 VARCHAR(64),
    author_id VARCHAR(36) NOT NULL REFERENCES users (id),
    views BIGINT NOT NULL,
    downloads BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    published_at_ms BIGINT
);
CREATE UNIQUE INDEX materials_file ON materials (file_key);
CREATE INDEX materials_status ON materials (status, id);
CREATE INDEX materials_category ON materials (category, status, id);
CREATE INDEX materials_author ON materials (author_id);

-- Who read what on which day; kept when the material goes, because it is the engagement of that day.
CREATE TABLE material_reads (
    material_id VARCHAR(36) NOT NULL,
    user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day VARCHAR(10) NOT NULL,
    views BIGINT NOT NULL,
    downloads BIGINT NOT NULL,
    viewed_at_ms BIGINT,
    downloaded_at_ms BIGINT,
    last_at_ms BIGINT NOT NULL,
    PRIMARY KEY (material_id, user_id, day)
);
CREATE INDEX material_reads_day ON material_reads (day, user_id);
CREATE INDEX material_reads_user ON material_reads (user_id, last_at_ms);
CREATE INDEX material_reads_viewed ON material_reads (viewed_at_ms);
CREATE INDEX material_reads_downloaded ON material_reads (downloaded_at_ms);

CREATE TABLE notices (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    audience VARCHAR(64) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    category VARCHAR(64) NOT NULL,
    data TEXT NOT NULL,
    texts TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    position BIGINT
);
CREATE INDEX notices_audience ON notices (audience, id);
CREATE INDEX notices_position ON notices (audience, position);
CREATE INDEX notices_kind ON notices (kind, created_at_ms);

-- Everything up to the position is read.
CREATE TABLE notice_watermarks (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    read_at_ms BIGINT NOT NULL
);

-- And these besides.
CREATE TABLE notice_reads (
    user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    notice_id VARCHAR(36) NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    read_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, notice_id)
);
CREATE INDEX notice_reads_notice ON notice_reads (notice_id);

-- What must reach its audience. A row is written without a position; the pump assigns it.
CREATE TABLE log (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    audience VARCHAR(64) NOT NULL,
    event VARCHAR(64) NOT NULL,
    data TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    position BIGINT
);
CREATE UNIQUE INDEX log_position ON log (position);
CREATE INDEX log_waiting ON log (position, id);
CREATE INDEX log_audience ON log (audience, position);
CREATE INDEX log_created ON log (created_at_ms);

-- One row: the newest position, how far it is published and trimmed, and which node may publish now.
CREATE TABLE log_head (
    id BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    published_to BIGINT NOT NULL,
    published_at_ms BIGINT,
    trimmed_to BIGINT NOT NULL,
    lease_by VARCHAR(36),
    lease_until_ms BIGINT NOT NULL
);
INSERT INTO log_head (id, position, published_to, trimmed_to, lease_until_ms) VALUES (1, 0, 0, 0, 0);

CREATE TABLE audit (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    actor_id VARCHAR(36) REFERENCES users (id),
    action VARCHAR(64) NOT NULL,
    target_kind VARCHAR(64),
    target_id VARCHAR(64),
    address VARCHAR(64),
    data TEXT NOT NULL
);
CREATE INDEX audit_target ON audit (target_kind, at_ms);
CREATE INDEX audit_actor ON audit (actor_id);

CREATE TABLE idempotency (
    user_id VARCHAR(36) NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request_key VARCHAR(255) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    status BIGINT,
    body TEXT,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, request_key)
);
CREATE INDEX idempotency_created ON idempotency (created_at_ms);

CREATE TABLE settings (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
