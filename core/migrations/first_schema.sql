-- What 0001 makes, as SQLite writes it down. Frozen with 0001: 0002 brings every schema of before to this one.

CREATE TABLE audit (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  org_no INTEGER,
  who TEXT NOT NULL,
  address TEXT,
  event VARCHAR(64) NOT NULL,
  outcome VARCHAR(16) NOT NULL,
  detail TEXT
);

CREATE INDEX ix_audit_at ON audit (at);

CREATE INDEX ix_audit_org_no ON audit (org_no);

CREATE TABLE fingerprint_voids (
  user_id INTEGER NOT NULL,
  org_no INTEGER NOT NULL,
  CONSTRAINT pk_fingerprint_voids PRIMARY KEY (user_id)
);

CREATE INDEX ix_fingerprint_voids_org_no ON fingerprint_voids (org_no);

CREATE TABLE organizations (
  no INTEGER NOT NULL,
  id VARCHAR(32) NOT NULL,
  name TEXT NOT NULL,
  username VARCHAR(64) NOT NULL,
  username_key VARCHAR(64) NOT NULL,
  password_hash TEXT NOT NULL,
  old_password_hash TEXT,
  old_password_until TEXT,
  settings JSON NOT NULL,
  created_at TEXT NOT NULL,
  disabled_at TEXT,
  removed_at TEXT,
  directory_version INTEGER NOT NULL,
  users_made INTEGER NOT NULL,
  teams_made INTEGER NOT NULL,
  date_order VARCHAR(3),
  date_order_import INTEGER,
  CONSTRAINT pk_organizations PRIMARY KEY (no),
  CONSTRAINT uq_organizations_id UNIQUE (id),
  CONSTRAINT uq_organizations_username_key UNIQUE (username_key)
);

CREATE TABLE fields (
  id INTEGER NOT NULL,
  org_no INTEGER NOT NULL,
  label TEXT NOT NULL,
  label_key TEXT NOT NULL,
  type VARCHAR(8) NOT NULL,
  strict INTEGER NOT NULL,
  CONSTRAINT pk_fields PRIMARY KEY (id),
  CONSTRAINT fk_fields_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT uq_fields_org_no_label_key UNIQUE (org_no, label_key)
);

CREATE TABLE imports (
  number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  org_no INTEGER NOT NULL,
  uid VARCHAR(32) NOT NULL,
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 VARCHAR(64),
  account TEXT,
  address TEXT,
  client TEXT,
  accepted_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  kind VARCHAR(8),
  outcome VARCHAR(16),
  counts JSON NOT NULL,
  attempts INTEGER NOT NULL,
  held_at TEXT,
  hold_reason TEXT,
  reminded_at TEXT,
  approved_at TEXT,
  run_now INTEGER DEFAULT '0' NOT NULL,
  filed_as TEXT,
  column_numbers JSON,
  file_purged_at TEXT,
  log_purged_at TEXT,
  CONSTRAINT fk_imports_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT uq_imports_org_no_seq UNIQUE (org_no, seq),
  CONSTRAINT uq_imports_uid UNIQUE (uid)
);

CREATE TABLE users (
  id INTEGER NOT NULL,
  org_no INTEGER NOT NULL,
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  name TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  account_type VARCHAR(16) NOT NULL,
  is_org_admin INTEGER NOT NULL,
  deactivated_at TEXT,
  deactivation_date TEXT,
  deactivates_at TEXT,
  leaver INTEGER NOT NULL,
  manager_id INTEGER,
  custom TEXT NOT NULL,
  last_import INTEGER,
  CONSTRAINT pk_users PRIMARY KEY (id),
  CONSTRAINT fk_users_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT uq_users_org_no_email_key UNIQUE (org_no, email_key)
);

CREATE INDEX ix_users_deactivates_at ON users (deactivates_at) WHERE deactivates_at IS NOT NULL;

CREATE INDEX ix_users_deactivated ON users (org_no) WHERE deactivated_at IS NOT NULL;

CREATE INDEX ix_users_admins ON users (org_no) WHERE is_org_admin = 1;

CREATE TABLE changes (
  import_number INTEGER NOT NULL,
  place INTEGER NOT NULL,
  kind VARCHAR(8) NOT NULL,
  target INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  field TEXT NOT NULL,
  old JSON,
  new JSON,
  CONSTRAINT pk_changes PRIMARY KEY (import_number, place),
  CONSTRAINT fk_changes_import_number FOREIGN KEY(import_number) REFERENCES imports (number)
)
 WITHOUT ROWID;

CREATE TABLE direct_changes (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  org_no INTEGER NOT NULL,
  at TEXT NOT NULL,
  cause VARCHAR(16) NOT NULL,
  import_number INTEGER,
  kind VARCHAR(8) NOT NULL,
  target INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  field TEXT NOT NULL,
  old JSON,
  new JSON,
  CONSTRAINT fk_direct_changes_import_number FOREIGN KEY(import_number) REFERENCES imports (number),
  CONSTRAINT fk_direct_changes_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE INDEX ix_direct_changes_at ON direct_changes (at);

CREATE INDEX ix_direct_changes_import_number ON direct_changes (import_number);

CREATE TABLE undos (
  import_number INTEGER NOT NULL,
  at TEXT NOT NULL,
  who TEXT NOT NULL,
  counts JSON NOT NULL,
  CONSTRAINT pk_undos PRIMARY KEY (import_number),
  CONSTRAINT fk_undos_import_number FOREIGN KEY(import_number) REFERENCES imports (number)
);

CREATE TABLE undo_leftovers (
  import_number INTEGER NOT NULL,
  place INTEGER NOT NULL,
  kind VARCHAR(8) NOT NULL,
  target INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  field TEXT NOT NULL,
  old JSON,
  new JSON,
  code VARCHAR(64) NOT NULL,
  CONSTRAINT pk_undo_leftovers PRIMARY KEY (import_number, place),
  CONSTRAINT fk_undo_leftovers_import_number FOREIGN KEY(import_number) REFERENCES undos (import_number)
)
 WITHOUT ROWID;

CREATE TABLE erased_people (
  org_no INTEGER NOT NULL,
  address_hash BLOB NOT NULL,
  erased_at TEXT NOT NULL,
  CONSTRAINT pk_erased_people PRIMARY KEY (org_no, address_hash),
  CONSTRAINT fk_erased_people_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
)
 WITHOUT ROWID;

CREATE TABLE fingerprints (
  org_no INTEGER NOT NULL,
  meaning BLOB NOT NULL,
  import_number INTEGER NOT NULL,
  digests BLOB NOT NULL,
  people BLOB NOT NULL,
  evidence BLOB NOT NULL,
  reading TEXT NOT NULL,
  named BLOB NOT NULL,
  CONSTRAINT pk_fingerprints PRIMARY KEY (org_no),
  CONSTRAINT fk_fingerprints_import_number FOREIGN KEY(import_number) REFERENCES imports (number),
  CONSTRAINT fk_fingerprints_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE TABLE problems (
  import_number INTEGER NOT NULL,
  place INTEGER NOT NULL,
  is_note INTEGER NOT NULL,
  line INTEGER,
  "column" TEXT,
  code VARCHAR(64) NOT NULL,
  text TEXT NOT NULL,
  advice TEXT NOT NULL,
  times INTEGER DEFAULT '1' NOT NULL,
  CONSTRAINT pk_problems PRIMARY KEY (import_number, place),
  CONSTRAINT fk_problems_import_number FOREIGN KEY(import_number) REFERENCES imports (number)
)
 WITHOUT ROWID;

CREATE TABLE teams (
  id INTEGER NOT NULL,
  org_no INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  owner_id INTEGER,
  parent_id INTEGER,
  type TEXT,
  CONSTRAINT pk_teams PRIMARY KEY (id),
  CONSTRAINT fk_teams_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT fk_teams_owner_id FOREIGN KEY(owner_id) REFERENCES users (id),
  CONSTRAINT uq_teams_org_no_name_key UNIQUE (org_no, name_key)
);

CREATE INDEX ix_teams_owner_id ON teams (owner_id);

CREATE TABLE former_addresses (
  org_no INTEGER NOT NULL,
  email_key TEXT NOT NULL,
  user_id INTEGER NOT NULL,
  CONSTRAINT pk_former_addresses PRIMARY KEY (org_no, email_key),
  CONSTRAINT fk_former_addresses_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
)
 WITHOUT ROWID;

CREATE TABLE memberships (
  user_id INTEGER NOT NULL,
  team_id INTEGER NOT NULL,
  CONSTRAINT pk_memberships PRIMARY KEY (user_id, team_id),
  CONSTRAINT fk_memberships_team_id FOREIGN KEY(team_id) REFERENCES teams (id),
  CONSTRAINT fk_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id)
)
 WITHOUT ROWID;

CREATE INDEX ix_memberships_team_id ON memberships (team_id);

CREATE TRIGGER users_touched AFTER UPDATE ON users
WHEN new.last_import IS NULL OR new.last_import IS old.last_import
BEGIN
  INSERT OR IGNORE INTO fingerprint_voids (user_id, org_no) VALUES (new.id, new.org_no);
  UPDATE organizations SET directory_version = directory_version + 1 WHERE no = new.org_no;
END;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN old.event <> 'login.refused' OR (old.id, old.at, old.who, old.event, old.outcome) IS NOT
  (new.id, new.at, new.who, new.event, new.outcome)
  OR old.org_no IS NOT new.org_no OR old.address IS NOT new.address
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE support_accounts (
  no INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  username VARCHAR(64) NOT NULL,
  username_key VARCHAR(64) NOT NULL,
  password_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  CONSTRAINT uq_support_accounts_username_key UNIQUE (username_key)
);

CREATE TABLE login_keys (
  id INTEGER NOT NULL,
  org_no INTEGER,
  support_no INTEGER,
  "key" TEXT NOT NULL,
  fingerprint VARCHAR(64) NOT NULL,
  comment TEXT NOT NULL,
  added_at TEXT NOT NULL,
  CONSTRAINT pk_login_keys PRIMARY KEY (id),
  CONSTRAINT fk_login_keys_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT fk_login_keys_support_no FOREIGN KEY(support_no) REFERENCES support_accounts (no)
);

CREATE INDEX ix_login_keys_org_no ON login_keys (org_no);

CREATE INDEX ix_login_keys_support_no ON login_keys (support_no);

CREATE TABLE login_guards (
  kind VARCHAR(8) NOT NULL,
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  shown TEXT NOT NULL,
  failures TEXT NOT NULL,
  until TEXT,
  failed INTEGER NOT NULL,
  bans INTEGER NOT NULL,
  changed_at TEXT NOT NULL,
  CONSTRAINT pk_login_guards PRIMARY KEY (kind, name, address)
)
 WITHOUT ROWID;

CREATE TABLE known_addresses (
  address TEXT NOT NULL,
  last_login_at TEXT NOT NULL,
  CONSTRAINT pk_known_addresses PRIMARY KEY (address)
)
 WITHOUT ROWID;

CREATE TABLE ban_lifts (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  value TEXT NOT NULL,
  at TEXT NOT NULL
);

CREATE TABLE pull_servers (
  org_no INTEGER NOT NULL,
  host TEXT NOT NULL,
  port INTEGER NOT NULL,
  username TEXT NOT NULL,
  secret BLOB NOT NULL,
  secret_kind VARCHAR(8) NOT NULL,
  folder TEXT NOT NULL,
  pattern TEXT NOT NULL,
  host_key VARCHAR(64) NOT NULL,
  host_key_kind VARCHAR(8),
  schedule TEXT NOT NULL,
  afterwards VARCHAR(8) NOT NULL,
  added_at TEXT NOT NULL,
  started_at TEXT,
  tried_at TEXT,
  succeeded_at TEXT,
  again_at TEXT,
  failures INTEGER NOT NULL,
  error TEXT,
  told_at TEXT,
  stopped_at TEXT,
  CONSTRAINT pk_pull_servers PRIMARY KEY (org_no),
  CONSTRAINT fk_pull_servers_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE TABLE pull_files (
  org_no INTEGER NOT NULL,
  name TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  mtime BIGINT NOT NULL,
  uid VARCHAR(32) NOT NULL,
  progress VARCHAR(16) NOT NULL,
  sha256 VARCHAR(64),
  at TEXT NOT NULL,
  CONSTRAINT pk_pull_files PRIMARY KEY (org_no, name),
  CONSTRAINT fk_pull_files_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
)
 WITHOUT ROWID;

CREATE TABLE outbox (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  org_no INTEGER,
  import_number INTEGER,
  recipient TEXT NOT NULL,
  subject TEXT NOT NULL,
  text TEXT NOT NULL,
  html TEXT NOT NULL,
  message_id TEXT NOT NULL,
  state VARCHAR(8) NOT NULL,
  attempts INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  next_at TEXT NOT NULL,
  sent_at TEXT,
  last_error TEXT,
  answer TEXT,
  failure_told INTEGER DEFAULT '0' NOT NULL,
  would_be INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT fk_outbox_import_number FOREIGN KEY(import_number) REFERENCES imports (number),
  CONSTRAINT fk_outbox_org_no FOREIGN KEY(org_no) REFERENCES organizations (no),
  CONSTRAINT uq_outbox_message_id UNIQUE (message_id)
);

CREATE INDEX ix_outbox_import_number ON outbox (import_number);

CREATE INDEX ix_outbox_state_next_at ON outbox (state, next_at);

CREATE TABLE news (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  org_no INTEGER NOT NULL,
  at TEXT NOT NULL,
  kind VARCHAR(12) NOT NULL,
  import_number INTEGER,
  people INTEGER NOT NULL,
  detail JSON,
  CONSTRAINT fk_news_import_number FOREIGN KEY(import_number) REFERENCES imports (number),
  CONSTRAINT fk_news_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE INDEX ix_news_org_no ON news (org_no);

CREATE TABLE expectations (
  org_no INTEGER NOT NULL,
  expected TEXT NOT NULL,
  since TEXT NOT NULL,
  missed_at TEXT,
  CONSTRAINT pk_expectations PRIMARY KEY (org_no),
  CONSTRAINT fk_expectations_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE TABLE daily_exports (
  org_no INTEGER NOT NULL,
  directory_version INTEGER NOT NULL,
  digest TEXT NOT NULL,
  exported_at TEXT NOT NULL,
  told_at TEXT,
  CONSTRAINT pk_daily_exports PRIMARY KEY (org_no),
  CONSTRAINT fk_daily_exports_org_no FOREIGN KEY(org_no) REFERENCES organizations (no)
);

CREATE TABLE alarms (
  name VARCHAR(32) NOT NULL,
  at TEXT NOT NULL,
  CONSTRAINT pk_alarms PRIMARY KEY (name)
);
