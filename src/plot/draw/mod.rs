//! A page as the text of an SVG file.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::{Page, Panel, PlotError};

mod axis;
mod bitmaps;
mod line_chart;
mod pictures;
mod waveform;

use bitmaps::Bitmaps;

// Everything is in pixels.
const WIDTH: u32 = 1120;
const MARGIN: i32 = 20;
const HEADLINE: i32 = 34;
const NOTE: i32 = 20;
const PANEL_TITLE: i32 = 24;
/// Room for the numbers and the label of the vertical axis.
const LEFT: i32 = 74;
/// Room for the colours' scale.
const RIGHT: i32 = 76;
/// Room for the numbers of the horizontal axis.
const BOTTOM: i32 = 24;
/// Room for its label.
const BOTTOM_LABEL: i32 = 20;
const BETWEEN_PANELS: i32 = 14;

const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(30, 30, 36);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// What the panels of a page have in common, so that they can be compared.
struct Common {
    seconds: f64,
    highest_frequency: f64,
    loudest: f32,
}

/// `page` as the text of an SVG file.
pub fn svg(page: &Page) -> Result<String, PlotError> {
    let mut lines = String::new();
    let mut bitmaps = Bitmaps::default();
    draw(page, &mut lines, &mut bitmaps).map_err(|error| PlotError::Drawing {
        cause: error.to_string(),
    })?;
    // plotters writes neither a palette nor a proper media type, so that the
    // bitmaps are put in here, under all that it drew.
    let (begin, rest) = lines.split_once('\n').unwrap_or((&lines, ""));
    Ok(format!(
        "{begin}\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}{rest}",
        bitmaps.0
    ))
}

/// The drawing library has an error for each of its backends; only their words matter here.
type DrawResult<T> = Result<T, Box<dyn std::error::Error>>;

fn draw(page: &Page, svg: &mut String, bitmaps: &mut Bitmaps) -> DrawResult<()> {
    let headline = if page.title.is_empty() { 0 } else { HEADLINE };
    let head = headline + NOTE * page.notes.len() as i32 + BETWEEN_PANELS / 2;
    let panels: i32 = page.panels.iter().map(height).sum();
    let size = (
        page.width.unwrap_or(WIDTH),
        (2 * MARGIN + head + panels) as u32,
    );
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let bold = FontDesc::new(FontFamily::SansSerif, 28.0, FontStyle::Bold).color(&INK);
    root.draw_text(&shown(&page.title), &bold, (MARGIN, MARGIN))?;
    for (line, note) in page.notes.iter().enumerate() {
        let place = (MARGIN, MARGIN + headline + NOTE * line as i32);
        root.draw_text(&shown(note), &font(16, INK), place)?;
    }
    let common = Common::of(&page.panels);
    let mut rest = root.margin(MARGIN + head, MARGIN, MARGIN, MARGIN);
    for panel in &page.panels {
        let (area, below) = rest.split_vertically(height(panel));
        rest = below;
        match panel {
            Panel::LineChart(chart) => line_chart::draw(&area, chart)?,
            Panel::Spectrogram(picture) => {
                pictures::spectrogram(&area, picture, &common, bitmaps)?;
            }
            Panel::Chromagram(picture) => pictures::chromagram(&area, picture, &common, bitmaps)?,
            Panel::Waveform(wave) => waveform::draw(&area, wave, &common)?,
        }
    }
    root.present()?;
    Ok(())
}

fn height(panel: &Panel) -> i32 {
    let picture = match panel {
        Panel::LineChart(_) => 220 + BOTTOM_LABEL,
        Panel::Spectrogram(_) | Panel::Chromagram(_) => 140,
        Panel::Waveform(_) => 90,
    };
    PANEL_TITLE + picture + BOTTOM + BETWEEN_PANELS
}

impl Common {
    fn of(panels: &[Panel]) -> Common {
        let mut common = Common {
            seconds: 0.0,
            highest_frequency: 0.0,
            loudest: 0.0,
        };
        for panel in panels {
            match panel {
                Panel::LineChart(_) => {}
                Panel::Chromagram(picture) => {
                    common.seconds = common.seconds.max(picture.end_seconds());
                }
                Panel::Waveform(wave) => common.seconds = common.seconds.max(wave.seconds),
                Panel::Spectrogram(picture) => {
                    common.seconds = common.seconds.max(picture.seconds);
                    common.highest_frequency =
                        common.highest_frequency.max(picture.highest_frequency);
                    common.loudest = common.loudest.max(picture.loudest());
                }
            }
        }
        // An axis has a length even where there is no sound.
        if common.seconds == 0.0 {
            common.seconds = 1.0;
        }
        common
    }
}

/// Draws the title of a panel, and gives its line and what is left of the area.
fn titled<'a>(area: &Area<'a>, title: &str) -> DrawResult<(Area<'a>, Area<'a>)> {
    let (head, rest) = area.split_vertically(PANEL_TITLE);
    head.draw_text(&shown(title), &font(18, INK), (LEFT, 2))?;
    Ok((head, rest))
}

fn font(size: i32, colour: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&colour)
}

/// `text` as it can stand in a line of an SVG file: characters that XML has no
/// place for are replaced, and what does not fit is left out.
fn shown(text: &str) -> String {
    const LONGEST: usize = 130;
    let printable = |c: char| {
        if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) {
            '\u{fffd}'
        } else {
            c
        }
    };
    let mut shown: String = text.chars().take(LONGEST).map(printable).collect();
    if text.chars().count() > LONGEST {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Signal;
    use crate::plot::{Chromagram, LineChart, Marker, Series, Spectrogram, Waveform};
    use crate::testing::{signal, sine};

    fn page(panels: Vec<Panel>) -> Page {
        Page {
            title: "a <title> & more".into(),
            notes: vec!["a\u{1}note".into()],
            panels,
            width: None,
        }
    }

    fn chart(points: &[(f64, f64)]) -> Panel {
        let series = |name: &str| Series {
            name: name.into(),
            points: points.to_vec(),
        };
        Panel::LineChart(LineChart {
            title: "loss".into(),
            logarithmic: true,
            series: vec![series("training"), series("held out")],
            ..LineChart::default()
        })
    }

    /// Every element that is opened is closed in order, and there is one root.
    fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').unwrap();
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_page_with_one_of_each_is_well_formed() {
        let sound = signal(&sine(0.5, 440.0, 11025, 11025), 11025);
        let mark = |seconds| Marker {
            seconds,
            label: format!("at {seconds}"),
            colour: [200, 0, 0],
        };
        let marks = vec![mark(0.5), mark(7.0)];
        let chromagram = Chromagram {
            title: "notes".into(),
            begin_seconds: 0.2,
            hop_seconds: 0.1,
            profiles: vec![[1.0; 12]; 5],
        };
        let page = page(vec![
            chart(&[(0.0, 0.1), (1.0, 0.01), (2.0, 0.02)]),
            Panel::Spectrogram(Spectrogram::new("sine", &sound)),
            Panel::Waveform(Waveform::new("wave", &sound, marks)),
            Panel::Chromagram(chromagram),
        ]);
        let svg = page.to_svg().unwrap();
        assert_well_formed(&svg);
        assert_eq!(svg.matches("data:image/png;base64,").count(), 3);
        for words in [
            "a &lt;title&gt; &amp; more",
            "a\u{fffd}note",
            "held out",
            "0.05",
            "at 0.5",
        ] {
            assert!(svg.contains(words), "{words}");
        }
        assert!(!svg.contains("at 7"), "a mark after the sound's end");
    }

    #[test]
    fn what_is_hardly_there_can_be_drawn() {
        let silence = Signal {
            samples: vec![0.0; 5000],
            sample_rate: 11025,
        };
        for sound in [
            signal(&sine(0.5, 440.0, 11025, 0), 11025),
            signal(&sine(0.5, 440.0, 11025, 1), 11025),
            signal(&sine(0.5, 440.0, 11025, 300), 11025),
            silence,
        ] {
            let page = page(vec![
                Panel::Spectrogram(Spectrogram::new("", &sound)),
                Panel::Waveform(Waveform::new("", &sound, Vec::new())),
                Panel::Chromagram(Chromagram::default()),
            ]);
            assert_well_formed(&page.to_svg().unwrap());
        }
        for points in [
            &[][..],
            &[(3.0, 0.1)],
            &[(0.0, f64::NAN), (1.0, f64::INFINITY), (2.0, -1.0)],
            &[(0.0, 0.5), (1.0, 0.5)],
            &[(0.0, 1e-300), (1e-9, 1e300)],
        ] {
            assert_well_formed(&page(vec![chart(points)]).to_svg().unwrap());
        }
        assert_well_formed(&Page::default().to_svg().unwrap());
    }

    #[test]
    fn sounds_of_one_page_share_their_axes_and_colours() {
        let long = signal(&sine(0.5, 440.0, 11025, 22050), 11025);
        let short = Signal {
            samples: long.samples[..11025].to_vec(),
            sample_rate: 22050,
        };
        let panel = |sound| Panel::Spectrogram(Spectrogram::new("", sound));
        let svg = page(vec![panel(&long), panel(&short)]).to_svg().unwrap();
        let image = |n: usize, attribute: &str| -> i32 {
            let image = svg.split("<image ").nth(n).unwrap();
            let value = image.split(&format!("{attribute}=\"")).nth(1).unwrap();
            value.split('"').next().unwrap().parse().unwrap()
        };
        // Between the two stands the first one's scale.
        assert!((image(1, "width") - 4 * image(3, "width")).abs() <= 4);
        assert!((2 * image(1, "height") - image(3, "height")).abs() <= 2);
    }

    #[test]
    fn twenty_seconds_are_a_small_file_and_ten_minutes_no_larger() {
        let noise = |seconds: usize| {
            let mut state = 1u32;
            let samples = std::iter::repeat_with(|| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            });
            Signal {
                samples: samples.take(seconds * 11025).collect(),
                sample_rate: 11025,
            }
        };
        // Noise is what compresses worst.
        for seconds in [20, 600] {
            let picture = Panel::Spectrogram(Spectrogram::new("", &noise(seconds)));
            let size = page(vec![picture]).to_svg().unwrap().len();
            assert!(size < 300_000, "{seconds} s: {size} bytes");
        }
    }
}
