"""The tables of the state file, step by step: a step is added at the end and never changed afterwards."""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE requests (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, at REAL NOT NULL) STRICT",
        "CREATE INDEX requests_of_key ON requests (fingerprint, at)",
        "CREATE INDEX requests_by_time ON requests (at)",
        "CREATE TABLE pauses (fingerprint TEXT PRIMARY KEY, since REAL NOT NULL, until REAL NOT NULL,"
        " refusals INTEGER NOT NULL) STRICT",
        "CREATE TABLE replies (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, address TEXT NOT NULL,"
        " path TEXT NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL, fetched_at REAL NOT NULL,"
        " expires_at REAL NOT NULL, used_at REAL NOT NULL, UNIQUE (fingerprint, address)) STRICT",
        "CREATE INDEX replies_by_path ON replies (fingerprint, path)",
        "CREATE INDEX replies_by_use ON replies (used_at)",
        "CREATE INDEX replies_by_end ON replies (expires_at)",
        "CREATE TABLE generations (fingerprint TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT",
    ),
    (
        "CREATE TABLE writes (id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, at REAL NOT NULL,"
        " action TEXT NOT NULL, site_id INTEGER NOT NULL, path TEXT, uid TEXT, rows INTEGER NOT NULL,"
        " fingerprint TEXT, outcome TEXT, result TEXT NOT NULL DEFAULT '{}') STRICT",
        "CREATE INDEX writes_to_repeat ON writes (fingerprint) WHERE fingerprint IS NOT NULL",
        "CREATE INDEX writes_by_site ON writes (owner, site_id, action, uid)",
        "CREATE INDEX writes_by_time ON writes (at)",
        "CREATE TABLE write_secret (secret BLOB NOT NULL) STRICT",
        "INSERT INTO write_secret VALUES (randomblob(32))",
    ),
    ("ALTER TABLE pauses ADD COLUMN is_outage INTEGER NOT NULL DEFAULT 0",),
)
"""`PRAGMA user_version` is the number of steps that a file has been through."""
