//! Maintenance: what an administrator has done to the whole, and how the whole is.
//!
//! Every operation is a row of `maintenance_jobs`; one runs at a time over all api-servers. Whoever asks waits for it a
//! while and gets what it came to, else the job to look at. A dry run does everything but the change. What was changed
//! stands in the audit log and, where administrators want it so, goes to them by mail. Rows, files and index are changed
//! by `materials` alone, which keeps them in step.

mod error;
mod jobs;
mod operations;
mod report;
pub(crate) mod routes;
pub(crate) mod store;

pub(crate) use error::MaintenanceError;
pub(crate) use jobs::MaintenanceService;
pub(crate) use report::Overview;
