//! SQL of folders, runs, what Drive said, what is held, and the ledger.

pub(in crate::drive) mod folders;
pub(in crate::drive) mod ledger;
pub(in crate::drive) mod runs;

/// Every statement of this store.
pub(crate) const STATEMENTS: &[&[&str]] =
    &[folders::STATEMENTS, runs::STATEMENTS, ledger::STATEMENTS];
