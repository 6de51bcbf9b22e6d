//! Panels that are bitmaps over time: spectrograms and chromagrams.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{TickedAxis, number};
use super::bitmaps::Bitmaps;
use super::{Area, BETWEEN_PANELS, BOTTOM, Common, DrawResult, INK, LEFT, RIGHT, font, titled};
use crate::plot::bitmap::SHADES;
use crate::plot::chromagram::NAMES;
use crate::plot::spectrogram::DYNAMIC_RANGE;
use crate::plot::{Chromagram, Spectrogram};

/// Width of the colours' scale.
const SCALE: i32 = 12;

/// Draws a spectrogram, on the axes and with the colours that the page has in common.
pub(super) fn spectrogram(
    area: &Area,
    picture: &Spectrogram,
    common: &Common,
    bitmaps: &mut Bitmaps,
) -> DrawResult<()> {
    let (_, area) = titled(area, &picture.title)?;
    let frequencies = TickedAxis::linear(0.0..common.highest_frequency, 5);
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .margin_right(RIGHT)
        .margin_bottom(BETWEEN_PANELS)
        .build_cartesian_2d(0.0..common.seconds, frequencies)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(INK)
        .label_style(font(14, INK))
        .axis_desc_style(font(15, INK))
        .y_desc("Hz")
        .x_label_formatter(&|seconds| format!("{} s", number(*seconds)))
        .y_label_formatter(&|frequency| number(*frequency))
        .draw()?;
    let (left, bottom) = chart.backend_coord(&(0.0, 0.0));
    if picture.columns() > 0 {
        let corner = (picture.seconds, picture.highest_frequency);
        let (right, top) = chart.backend_coord(&corner);
        // A sound too short for the page still has a place on it.
        let right = right.max(left + 1);
        let shades = picture.shades(common.loudest);
        bitmaps.add((left, top), (right, bottom), picture.columns(), &shades)?;
    }
    let (right, top) = chart.backend_coord(&(common.seconds, common.highest_frequency));
    scale(&area, (right + 12, top), bottom, bitmaps)
}

/// The colours' scale, its upper left corner at `(left, top)` of the page.
fn scale(
    area: &Area,
    (left, top): (i32, i32),
    bottom: i32,
    bitmaps: &mut Bitmaps,
) -> DrawResult<()> {
    // As many columns as pixels: a viewer may blur the edges of a narrower one.
    let shades = (0..SHADES as u8).rev();
    let shades: Vec<u8> = shades.flat_map(|s| [s; SCALE as usize]).collect();
    let right = left + SCALE;
    bitmaps.add((left, top), (right, bottom), SCALE as usize, &shades)?;
    let (area_left, area_top) = area.get_base_pixel();
    let label = |text: String, y: i32, anchor: VPos| {
        let style = font(13, INK).pos(Pos::new(HPos::Left, anchor));
        area.draw_text(&text, &style, (right + 5 - area_left, y - area_top))
    };
    label("0 dB".to_owned(), top, VPos::Top)?;
    label(format!("−{DYNAMIC_RANGE} dB"), bottom, VPos::Bottom)?;
    Ok(())
}

/// Draws a chromagram, whose rows are named in their middles.
pub(super) fn chromagram(
    area: &Area,
    picture: &Chromagram,
    common: &Common,
    bitmaps: &mut Bitmaps,
) -> DrawResult<()> {
    let (_, area) = titled(area, &picture.title)?;
    let rows = NAMES.len() as f64;
    // The natural notes; there is no room for more.
    let natural = (0..NAMES.len()).filter(|class| NAMES[*class].len() == 1);
    let middles = natural.map(|class| class as f64 + 0.5).collect();
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .margin_right(RIGHT)
        .margin_bottom(BETWEEN_PANELS)
        .build_cartesian_2d(
            0.0..common.seconds,
            TickedAxis::with_ticks(0.0..rows, middles),
        )?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(INK)
        .label_style(font(14, INK))
        .x_label_formatter(&|seconds| format!("{} s", number(*seconds)))
        .y_label_formatter(&|class| NAMES[(*class as usize).min(NAMES.len() - 1)].to_owned())
        .draw()?;
    if !picture.profiles.is_empty() {
        let (left, bottom) = chart.backend_coord(&(picture.begin_seconds, 0.0));
        let (right, top) = chart.backend_coord(&(picture.end_seconds(), rows));
        let corner = (right.max(left + 1), bottom);
        bitmaps.add(
            (left, top),
            corner,
            picture.profiles.len(),
            &picture.shades(),
        )?;
    }
    Ok(())
}
