//! What the system knows of this process, under the names that Prometheus' own clients use.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

#[derive(Debug)]
pub(super) struct Process {
    /// Nothing where the system tells nothing.
    known: Option<(Pid, Mutex<System>)>,
    cpu: Counter<f64, AtomicU64>,
    memory: Gauge,
    started: Gauge,
}

impl Process {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let process = Self {
            known: known(),
            cpu: Counter::default(),
            memory: Gauge::default(),
            started: Gauge::default(),
        };
        registry.register(
            "process_cpu_seconds",
            "Processor time since the start",
            process.cpu.clone(),
        );
        registry.register(
            "process_resident_memory_bytes",
            "Memory in use",
            process.memory.clone(),
        );
        registry.register(
            "process_start_time_seconds",
            "When the process started, Unix time",
            process.started.clone(),
        );
        process
    }

    pub(super) fn refresh(&self) {
        let Some((pid, system)) = &self.known else {
            return;
        };
        let mut system = system.lock().unwrap_or_else(PoisonError::into_inner);
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[*pid]),
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory(),
        );
        if let Some(process) = system.process(*pid) {
            let seconds = process.accumulated_cpu_time() as f64 / 1_000.0;
            self.cpu.inner().store(seconds.to_bits(), Ordering::Relaxed);
            self.memory.set(as_gauge(process.memory()));
            self.started.set(as_gauge(process.start_time()));
        }
    }
}

fn known() -> Option<(Pid, Mutex<System>)> {
    let pid = sysinfo::get_current_pid().ok()?;
    let system = System::new().ok()?;
    Some((pid, Mutex::new(system)))
}

fn as_gauge(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
