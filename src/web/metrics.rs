//! How things stand, in Prometheus' text format.

use std::fmt::Write;

use serde_json::Value;

/// A number that is told: what it is called, what it means, and where it stands in what
/// `GET /api/gallery` gives.
struct Metric {
    name: &'static str,
    help: &'static str,
    kind: &'static str,
    at: &'static str,
}

const fn gauge(name: &'static str, help: &'static str, at: &'static str) -> Metric {
    let kind = "gauge";
    Metric {
        name,
        help,
        kind,
        at,
    }
}

const METRICS: [Metric; 12] = [
    gauge(
        "antiphon_running",
        "Whether a daemon watches the folder.",
        "/running",
    ),
    gauge("antiphon_seeds_waiting", "Seeds that wait.", "/waiting"),
    gauge(
        "antiphon_seeds_working",
        "Seeds that are being answered.",
        "/working",
    ),
    gauge(
        "antiphon_seeds_done",
        "Answered seeds that are kept.",
        "/done",
    ),
    gauge(
        "antiphon_seeds_failed",
        "Seeds without an answer that are kept.",
        "/failed",
    ),
    gauge(
        "antiphon_seeds_skipped",
        "Silent seeds removed since the daemon began.",
        "/skipped",
    ),
    gauge(
        "antiphon_oldest_waiting_seconds",
        "Since the seed that has waited longest was written.",
        "/oldest_waiting/seconds",
    ),
    gauge(
        "antiphon_disk_free_bytes",
        "What is left of the disk.",
        "/disk/free_bytes",
    ),
    gauge(
        "antiphon_disk_total_bytes",
        "What the disk holds.",
        "/disk/total_bytes",
    ),
    gauge(
        "antiphon_memory_free_bytes",
        "Memory that can be had.",
        "/memory/free_bytes",
    ),
    gauge(
        "antiphon_process_memory_bytes",
        "Memory of the process that serves the page.",
        "/memory/process_bytes",
    ),
    gauge(
        "antiphon_load1",
        "The machine's load over the last minute.",
        "/load/0",
    ),
];

/// The text of `state`, as `GET /api/gallery` gives it. What is not known is left out.
pub fn text(state: &Value) -> String {
    let mut text = String::new();
    let is_up = state["state"] == "in-order";
    let _ = write!(
        text,
        "# HELP antiphon_up Whether all is in order.\n# TYPE antiphon_up gauge\nantiphon_up {}\n",
        u8::from(is_up)
    );
    for Metric {
        name,
        help,
        kind,
        at,
    } in METRICS
    {
        let value = match state.pointer(at) {
            Some(Value::Bool(value)) => f64::from(u8::from(*value)),
            Some(value) => match value.as_f64() {
                Some(value) => value,
                None => continue,
            },
            None => continue,
        };
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_is_told_a_line_each() {
        let text = text(&json!({
            "state": "in-order", "running": true, "waiting": 3, "load": [0.5, 0.4, 0.3],
            "disk": { "free_bytes": 36e9 }, "oldest_waiting": null,
        }));
        for line in [
            "antiphon_up 1",
            "antiphon_running 1",
            "antiphon_seeds_waiting 3",
            "antiphon_load1 0.5",
            "antiphon_disk_free_bytes 36000000000",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
        assert!(!text.contains("oldest_waiting"), "{text}");
    }
}
