//! What the system says of processes: the CPU time they had, and the memory that is theirs.

use std::fs;

use crate::Failure;

/// Ticks of a second in what the system counts by ticks.
const TICKS_PER_S: f64 = 100.0;

/// Seconds of CPU time that these processes had, to the nanosecond: the sum over their threads.
pub(crate) fn cpu_s(pids: &[u32]) -> Result<f64, Failure> {
    let mut nanoseconds = 0;
    for pid in pids {
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            // A thread may end in between.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue;
            };
            let first = text.split_whitespace().next().unwrap_or_default();
            nanoseconds += first.parse::<u64>()?;
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "days of nanoseconds fit")]
    Ok(nanoseconds as f64 / 1e9)
}

/// Seconds of CPU time that everything on the machine had.
pub(crate) fn all_cpu_s() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().unwrap_or_default();
    let numbers: Vec<f64> = line
        .split_whitespace()
        .filter_map(|n| n.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|at| numbers.get(*at));
    Ok(busy.sum::<f64>() / TICKS_PER_S)
}

/// KiB of memory that are resident for these processes.
pub(crate) fn resident_kib(pids: &[u32]) -> Result<u64, Failure> {
    of_status(pids, &["VmRSS:"])
}

/// KiB of resident memory that these processes have for themselves. What is mapped from files is not in it: how much of a program's
/// text is resident depends on what it has done, and on what the system had read before, and not on who is connected.
pub(crate) fn own_kib(pids: &[u32]) -> Result<u64, Failure> {
    of_status(pids, &["RssAnon:", "RssShmem:"])
}

/// The sum of these lines of the processes' `/proc/PID/status`, which count in KiB.
fn of_status(pids: &[u32], names: &[&str]) -> Result<u64, Failure> {
    let mut kib = 0;
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        for name in names {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            kib += number.unwrap_or_default().parse::<u64>()?;
        }
    }
    Ok(kib)
}
