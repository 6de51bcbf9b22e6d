//! What a running daemon takes of the machine.

use std::time::Duration;

/// Looks at a daemon, of which the least counts: threads come and go.
const LOOKS: usize = 10;

/// What a process takes.
#[derive(Clone, Copy, Debug)]
pub struct Footprint {
    /// Resident kilobytes.
    pub resident: usize,
    /// The most of them so far.
    pub most: usize,
    /// Open files.
    pub files: usize,
    /// Threads.
    pub threads: usize,
}

impl Footprint {
    /// That of the process `pid` now.
    pub fn of(pid: u32) -> Footprint {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let number = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
        Footprint {
            resident: number("VmRSS:"),
            most: number("VmHWM:"),
            files: files.count(),
            threads: number("Threads:"),
        }
    }

    /// That of the process `pid` while it has nothing to do, over about a second.
    pub fn at_rest(pid: u32) -> Footprint {
        let least = |a: Footprint, b: Footprint| Footprint {
            resident: a.resident.min(b.resident),
            most: b.most,
            files: a.files.min(b.files),
            threads: a.threads.min(b.threads),
        };
        let looks = (0..LOOKS).map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            Footprint::of(pid)
        });
        looks.reduce(least).unwrap()
    }
}
