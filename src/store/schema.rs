//! The tables, as steps from one schema to the next; `user_version` counts the steps taken.

/// Never edit a step that was released: add one.
pub(super) const STEPS: &[&str] = &[
    "
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY, -- the bits of AlertId
  at INTEGER NOT NULL,    -- last, milliseconds
  subject TEXT NOT NULL,
  class TEXT NOT NULL,
  severity TEXT NOT NULL,
  detector TEXT NOT NULL,
  site TEXT NOT NULL,
  body TEXT NOT NULL      -- the whole alert, JSON
);
CREATE INDEX alerts_subject ON alerts(subject, at);
CREATE INDEX alerts_at ON alerts(at);

CREATE TABLE decisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subject TEXT NOT NULL,
  action TEXT NOT NULL,
  point TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER,
  offence INTEGER NOT NULL,
  why TEXT NOT NULL,
  rules TEXT NOT NULL,
  alerts TEXT NOT NULL,
  ended_at INTEGER,
  ended_why TEXT,
  ended_by TEXT
);
CREATE INDEX decisions_subject ON decisions(subject, at);
CREATE INDEX decisions_at ON decisions(at);

CREATE TABLE sightings (
  decision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  place TEXT NOT NULL,
  line INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (decision, at, place, line)
) WITHOUT ROWID;
CREATE INDEX sightings_at ON sightings(at);

CREATE TABLE logins (
  address TEXT NOT NULL,
  user TEXT NOT NULL,
  service TEXT NOT NULL,
  at INTEGER NOT NULL,
  admin INTEGER NOT NULL,
  PRIMARY KEY (address, user, service, at)
) WITHOUT ROWID;
CREATE INDEX logins_at ON logins(at);

CREATE TABLE allowed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  net TEXT NOT NULL UNIQUE,
  reason TEXT NOT NULL,
  owner TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER
);

CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  what TEXT NOT NULL,
  detail TEXT NOT NULL,
  undo TEXT NOT NULL,
  outcome TEXT NOT NULL,
  chain BLOB NOT NULL
);

CREATE TABLE counters (
  day INTEGER NOT NULL,   -- days since 1970, UTC
  name TEXT NOT NULL,
  label TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (day, name, label)
) WITHOUT ROWID;

CREATE TABLE checkpoint (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  positions TEXT NOT NULL,
  snapshot BLOB NOT NULL
);
",
    "
ALTER TABLE sightings ADD COLUMN cause TEXT NOT NULL DEFAULT '';
",
];
