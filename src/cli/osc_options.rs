//! Options of the conversation over OSC, and how it begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::house::Daemon;
use super::log_tap;
use super::watch::parse_length;
use crate::osc::{
    Conversation, House, Log, LogLevel, OscError, Prefix, ReplyTo, Said, Server, Speaker, Tally,
};

/// Where OSC messages are sent when nobody chooses.
pub const DEFAULT_OSC: &str = "127.0.0.1:7400";
/// Where OSC messages are heard when nobody chooses.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:7401";
/// Says that no OSC messages are to be heard.
pub const OFF: &str = "off";

/// Who is told, and heard: antiphon osc shows the messages.
#[derive(clap::Args)]
pub struct OscOptions {
    /// Where OSC messages are sent; give it again for each further receiver
    #[arg(long, default_value = DEFAULT_OSC, value_name = "HOST:PORT")]
    osc: Vec<String>,
    /// Where OSC messages are heard, or off
    #[arg(long, default_value = DEFAULT_LISTEN, value_name = "HOST:PORT")]
    osc_listen: String,
    /// Who hears the answers to messages: the receivers, or whoever sent them
    #[arg(long, default_value = "receivers", value_name = "receivers|sender", value_parser = parse_reply)]
    osc_reply: ReplyTo,
    /// What stands in front of all addresses, /room2 say, said and heard
    #[arg(long, value_name = "/NAME", default_value = "", hide_default_value = true, value_parser = parse_prefix)]
    osc_prefix: Prefix,
    /// Say /antiphon/status each N seconds
    #[arg(long, value_name = "N", value_parser = parse_length)]
    osc_status: Option<f64>,
    /// Say the log's lines that are as severe as this
    #[arg(long, value_name = "off|error|warn|info", value_parser = parse_level)]
    osc_log: Option<LogLevel>,
}

impl OscOptions {
    /// Who says what there is to say.
    pub fn speaker(&self) -> Result<Speaker, OscError> {
        Speaker::new(&self.osc, self.osc_prefix.clone())
    }

    /// Hears what is asked of `house`, and says through `speaker` what is to be said all
    /// the time, from threads of their own, until `stop`; the count of what is received,
    /// where anything is.
    pub fn converse(
        &self,
        speaker: &Arc<Speaker>,
        house: Arc<Daemon>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Option<Tally>, OscError> {
        let tally = self.hear(speaker, Arc::clone(&house) as Arc<dyn House>, stop)?;
        self.say_the_log(speaker);
        self.say_the_status(speaker, house, stop);
        Ok(tally)
    }

    fn hear(
        &self,
        speaker: &Arc<Speaker>,
        house: Arc<dyn House>,
        stop: &Arc<AtomicBool>,
    ) -> Result<Option<Tally>, OscError> {
        if self.osc_listen == OFF {
            return Ok(None);
        }
        let server = Server::new(&self.osc_listen)?;
        server.check(speaker.targets())?;
        let conversation = Conversation::new(house, Arc::clone(speaker), self.osc_reply);
        let (tally, stop) = (server.tally(), Arc::clone(stop));
        std::thread::spawn(move || server.answer(&conversation, &stop));
        Ok(Some(tally))
    }

    /// As severe as somebody asks, here or by a message.
    fn say_the_log(&self, speaker: &Arc<Speaker>) {
        log_tap::turn(self.osc_log.unwrap_or(LogLevel::Off));
        if let Some(lines) = log_tap::lines() {
            let speaker = Arc::clone(speaker);
            std::thread::spawn(move || {
                for line in lines {
                    let (level, text) = (line.level.name(), &*line.text);
                    speaker.say(Log { level, text }.message());
                }
            });
        }
    }

    fn say_the_status(&self, speaker: &Arc<Speaker>, house: Arc<Daemon>, stop: &Arc<AtomicBool>) {
        let Some(seconds) = self.osc_status else {
            return;
        };
        let (speaker, stop) = (Arc::clone(speaker), Arc::clone(stop));
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_secs_f64(seconds));
                if let Ok(status) = house.status() {
                    speaker.say(status.message());
                }
            }
        });
    }
}

fn parse_reply(text: &str) -> Result<ReplyTo, String> {
    match text {
        "receivers" => Ok(ReplyTo::Receivers),
        "sender" => Ok(ReplyTo::Sender),
        _ => Err("choose receivers or sender".to_owned()),
    }
}

fn parse_prefix(text: &str) -> Result<Prefix, String> {
    match text {
        "" => Ok(Prefix::default()),
        text => text.parse().map_err(|error: OscError| error.to_string()),
    }
}

fn parse_level(text: &str) -> Result<LogLevel, String> {
    let known = LogLevel::ALL.into_iter().find(|level| level.name() == text);
    known.ok_or_else(|| "choose off, error, warn or info".to_owned())
}
