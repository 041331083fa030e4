CREATE TABLE sites (
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, url TEXT NOT NULL, label TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1, public INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, unique_tracking INTEGER NOT NULL DEFAULT 1, insights_enabled INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE hits (
    id INTEGER PRIMARY KEY, site_id INTEGER NOT NULL, url TEXT, path TEXT NOT NULL, referrer TEXT, country TEXT,
    browser_name TEXT, platform_name TEXT, is_mobile INTEGER, source TEXT, unique_hash TEXT, visitor_hash TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX hits_by_time ON hits (site_id, created_at);
CREATE TABLE kudos (
    id INTEGER PRIMARY KEY, site_id INTEGER NOT NULL, uid TEXT NOT NULL, path TEXT NOT NULL,
    created_at INTEGER NOT NULL, UNIQUE (site_id, uid)
);
CREATE TABLE ignore_rules (site_id INTEGER NOT NULL, pattern TEXT NOT NULL);
CREATE TABLE insights (
    id INTEGER PRIMARY KEY, site_id INTEGER NOT NULL, insights_for_date TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE monitors (
    site_id INTEGER PRIMARY KEY, id INTEGER NOT NULL, ssl_expires_at INTEGER NOT NULL,
    domain_expires_at INTEGER NOT NULL, error_code INTEGER DEFAULT 503,
    error_message TEXT DEFAULT 'Service Unavailable', auto_paused INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE downtimes (
    id INTEGER PRIMARY KEY, site_id INTEGER NOT NULL, error TEXT NOT NULL, started_at INTEGER NOT NULL,
    ended_at INTEGER, partial INTEGER NOT NULL
);
CREATE TABLE content_checks (
    site_id INTEGER PRIMARY KEY, root_path TEXT NOT NULL, last_check_at INTEGER NOT NULL
);
CREATE TABLE links (
    id INTEGER PRIMARY KEY, site_id INTEGER NOT NULL, url TEXT NOT NULL, status_code INTEGER NOT NULL,
    error_message TEXT, issue_type TEXT NOT NULL, checked_at INTEGER NOT NULL, ignored INTEGER NOT NULL
);
