//! What things are called on the server.

/// The stream of jobs: each is there until its result is stored.
pub const STREAM: &str = "ANTIPHON";
/// What all workers take their jobs from.
pub const CONSUMER: &str = "workers";
/// The models, and the sounds that voices follow, by their SHA-256.
pub const MODELS: &str = "antiphon-models";
/// The seeds of jobs that wait.
pub const SEEDS: &str = "antiphon-seeds";
/// The results that nobody has fetched yet, by their jobs.
pub const RESULTS: &str = "antiphon-results";

/// All jobs.
pub const JOBS: &str = "antiphon.jobs.*";

/// Where the job `id` is sent.
pub fn job(id: &str) -> String {
    format!("antiphon.jobs.{id}")
}

/// Where it is told how the job `id` gets on.
pub fn progress(id: &str) -> String {
    format!("antiphon.progress.{id}")
}

/// Where it is told that nobody wants the job `id` any more.
pub fn cancel(id: &str) -> String {
    format!("antiphon.cancel.{id}")
}
