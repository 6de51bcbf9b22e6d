//! The functions that fuzz targets call, one for each kind of bytes that strangers
//! send: sounds, OSC packets, hyperparameters, models and uploads.
//!
//! Each reads as the program does, and panics where what was read breaks a promise.
//! The targets of `fuzz/` go through them, and so do the corpora in `fuzz/corpus/`.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::audio::AudioError;
use crate::audio::header::header_of_bytes;
use crate::audio::read::read_bytes;
use crate::audio::resample::resample;
use crate::hyperparameters::Hyperparameters;
use crate::osc;
use crate::trained_model::TrainedModel;
use crate::web;

/// A reader of untrusted bytes; whether it took them.
pub type Reader = fn(&[u8]) -> bool;

/// All readers, by the names of their fuzz targets and corpora.
pub const READERS: [(&str, Reader); 5] = [
    ("sound", sound),
    ("osc_packet", osc_packet),
    ("hyperparameters", hyperparameters),
    ("model", model),
    ("upload", upload),
];

/// Sounds longer than this are not resampled: that is the same work again, only longer.
const RESAMPLED: usize = 4096;
/// Rates that are no multiple of this are not resampled either: their transforms
/// are as long as a second, and a hundred files of other rates are read meanwhile.
const COMMON_RATES: u32 = 25;

/// Samples that a sound may hold for each of its bytes; a few packets hold seconds.
const DENSEST: usize = 1 << 16;

/// A sound file of any kind.
pub fn sound(bytes: &[u8]) -> bool {
    header_of_bytes(bytes).expect("bytes at hand can be read");
    let recording = match read_bytes(bytes, Path::new("a.wav")) {
        Ok(recording) => recording,
        Err(error) => {
            // A seed would wait for the disk to be mended.
            assert!(!matches!(error, AudioError::CannotRead { .. }), "{error}");
            return false;
        }
    };
    assert!(!recording.samples.is_empty() && recording.facts.channels > 0);
    assert!(recording.samples.len() <= DENSEST * bytes.len());
    assert_eq!(recording.samples.len() as u64, recording.facts.frames);
    assert!(recording.samples.iter().all(|sample| sample.is_finite()));
    let rate = recording.facts.sample_rate;
    let is_common = rate.is_multiple_of(COMMON_RATES);
    if is_common && recording.samples.len() <= RESAMPLED {
        let resampled = resample(&recording.samples, rate, 11025);
        assert!(resampled.iter().all(|sample| sample.is_finite()));
    }
    true
}

/// An OSC packet.
pub fn osc_packet(bytes: &[u8]) -> bool {
    let understood = osc::understand(bytes, &osc::Prefix::default());
    let (commands, refusals) = (&understood.commands, &understood.refusals);
    // What a stranger sends costs no more answers than the packet has room for.
    assert!(commands.len() <= bytes.len() && refusals.len() <= bytes.len() / 4 + 1);
    for refusal in refusals {
        assert!(!refusal.to_string().is_empty() && !refusal.key().is_empty());
    }
    let (conversation, asker) = conversation();
    let is_taken = !commands.is_empty();
    for command in understood.commands {
        conversation.hear(command, asker);
    }
    for refusal in &understood.refusals {
        conversation.refuse(refusal, asker);
    }
    is_taken
}

/// Somebody who does nothing that is asked, and tells nobody.
fn conversation() -> &'static (osc::Conversation, osc::Asker) {
    struct Nobody;
    impl osc::House for Nobody {}
    static BOTH: OnceLock<(osc::Conversation, osc::Asker)> = OnceLock::new();
    BOTH.get_or_init(|| {
        let speaker = osc::Speaker::new(&[], osc::Prefix::default()).expect("nobody is told");
        let reply = osc::ReplyTo::Receivers;
        let socket = UdpSocket::bind("127.0.0.1:0").expect("this machine has loopback");
        let asker = osc::Asker::new(Arc::new(socket), ([127, 0, 0, 1], 9).into());
        let house = Arc::new(Nobody);
        (
            osc::Conversation::new(house, Arc::new(speaker), reply),
            asker,
        )
    })
}

/// A file of hyperparameters.
pub fn hyperparameters(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let Ok(parsed) = Hyperparameters::parse(text) else {
        return false;
    };
    let again = Hyperparameters::parse(&parsed.to_json());
    assert_eq!(again.expect("what was written can be read"), parsed);
    true
}

/// A model's ONNX file.
pub fn model(bytes: &[u8]) -> bool {
    let path = Path::new("a.onnx");
    let Ok(model) = TrainedModel::from_bytes(bytes, path) else {
        return false;
    };
    let written = model.to_bytes();
    let again = TrainedModel::from_bytes(&written, path).expect("what was written can be read");
    // By their bytes, since a weight may be no number.
    assert!(again.to_bytes() == written);
    true
}

/// A sound that is sent to the page: what its address ends in, a line feed, and the sound.
pub fn upload(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (name, sound) = bytes.split_at(end.unwrap_or(0));
    let name = String::from_utf8_lossy(name);
    web::upload(&name, sound.get(1..).unwrap_or_default())
}
