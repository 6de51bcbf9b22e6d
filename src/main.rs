fn main() -> std::process::ExitCode {
    antiphon::cli::run()
}
