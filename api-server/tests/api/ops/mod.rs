//! What keeps the system going: the clock, alerts, reports, records, traces, backups.

mod alerts;
mod backups;
mod processes;
mod records;
mod schedules;
mod storage;
mod traces;
