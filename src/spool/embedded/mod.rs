//! The embedded engine: SQLite, nothing to set up.
