//! Pictures of a sound: its waveform, its spectrogram, its pitch classes over time.

use std::ops::RangeInclusive;
use std::path::Path;

use super::refusal::Refusal;
use crate::audio::{self, Signal};
use crate::judge::{CHROMA_BEGIN_SECONDS, CHROMA_HOP_SECONDS, ComparedSound};
use crate::plot::{Chromagram, Page, Panel, Spectrogram, Waveform};

/// Seconds of a sound that are drawn.
const LONGEST: f64 = 60.0;

/// How wide a picture can be asked to be, in pixels.
const WIDTHS: RangeInclusive<u32> = 300..=2000;

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// From top to bottom.
    kinds: Vec<Kind>,
    /// In pixels, where that is said.
    width: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Waveform,
    Spectrogram,
    Chroma,
}

impl Shown {
    /// Of what stands after `?picture=`: names with commas between them, and perhaps
    /// `&width=` and a number of pixels.
    ///
    /// # Errors
    ///
    /// 400 where one is none, or there is no end of them.
    pub fn of(query: &str) -> Result<Shown, Refusal> {
        let kind = |name: &str| match name {
            "waveform" => Some(Kind::Waveform),
            "spectrogram" => Some(Kind::Spectrogram),
            "chroma" => Some(Kind::Chroma),
            _ => None,
        };
        let (names, width) = match query.split_once("&width=") {
            Some((names, width)) => (names, Some(width)),
            None => (query, None),
        };
        let in_range = |width: &str| width.parse().ok().filter(|width| WIDTHS.contains(width));
        let width = width.map(|width| in_range(width).ok_or(width)).transpose();
        let names = names.replace("%2C", ",");
        let kinds: Option<Vec<Kind>> = names.split(',').map(kind).collect();
        match (kinds, width) {
            (Some(kinds), Ok(width)) if kinds.len() <= 3 => Ok(Shown { kinds, width }),
            (_, Err(width)) => Err(Refusal::bad(format!(
                "a picture cannot be {width:?} wide; {} to {} pixels can be asked for",
                WIDTHS.start(),
                WIDTHS.end()
            ))),
            _ => Err(Refusal::bad(
                "a picture is of up to three of waveform, spectrogram and chroma, with commas \
                 between them",
            )),
        }
    }
}

/// The page of the sound at `path`, as SVG.
///
/// # Errors
///
/// 422 for what is no sound.
pub fn draw(path: &Path, shown: &Shown) -> Result<String, Refusal> {
    let sound = audio::read::read(path).map_err(Refusal::impossible)?;
    let mut signal = sound.into_signal();
    let most = (LONGEST * f64::from(signal.sample_rate)) as usize;
    signal.samples.truncate(most);
    let panels = shown
        .kinds
        .iter()
        .map(|kind| panel(*kind, &signal))
        .collect();
    let page = Page {
        panels,
        width: shown.width,
        ..Page::default()
    };
    page.to_svg().map_err(Refusal::broken)
}

fn panel(kind: Kind, signal: &Signal) -> Panel {
    match kind {
        Kind::Waveform => Panel::Waveform(Waveform::new("", signal, Vec::new())),
        Kind::Spectrogram => Panel::Spectrogram(Spectrogram::new("", signal)),
        Kind::Chroma => {
            // Of silence there are none.
            let profiles = ComparedSound::of(signal).map(|sound| sound.chroma_over_time());
            Panel::Chromagram(Chromagram {
                title: "Pitch classes over time".to_owned(),
                begin_seconds: CHROMA_BEGIN_SECONDS,
                hop_seconds: CHROMA_HOP_SECONDS,
                profiles: profiles.unwrap_or_default(),
            })
        }
    }
}
