//! Panels of sounds, which share the axis of time.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{TickedAxis, number, with_air};
use super::{
    Area, BETWEEN_PANELS, BOTTOM, Bitmaps, Common, DrawResult, INK, LEFT, RIGHT, font, shown,
    titled,
};
use crate::plot::spectrogram::DYNAMIC_RANGE;
use crate::plot::{Colour, Marker, Spectrogram, Waveform, bitmap};

/// Width of the colours' scale.
const SCALE: i32 = 12;
const WAVE: RGBColor = RGBColor(59, 82, 139);

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
    let shades = (0..bitmap::SHADES as u8).rev();
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

/// Draws a waveform and the marks within it, on the page's axis of time.
pub(super) fn waveform(area: &Area, wave: &Waveform, common: &Common) -> DrawResult<()> {
    let (_, area) = titled(area, &wave.title)?;
    let peak = wave
        .extremes
        .iter()
        .fold(0f32, |peak, (low, high)| peak.max(-low).max(*high));
    let peak = if peak == 0.0 { 1.0 } else { f64::from(peak) };
    let mut chart = ChartBuilder::on(&area)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .margin_right(RIGHT)
        .margin_bottom(BETWEEN_PANELS)
        .build_cartesian_2d(
            0.0..common.seconds,
            TickedAxis::with_ticks(with_air(-peak..peak), vec![-peak, 0.0, peak]),
        )?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(INK)
        .label_style(font(14, INK))
        .x_label_formatter(&|seconds| format!("{} s", number(*seconds)))
        .y_label_formatter(&|sample| format!("{:.2}", sample + 0.0))
        .draw()?;
    let width = wave.seconds / wave.extremes.len().max(1) as f64;
    let time = |column: usize| (column as f64 + 0.5) * width;
    let columns = || wave.extremes.iter().enumerate();
    let outline: Vec<(f64, f64)> = columns()
        .map(|(c, (_, high))| (time(c), f64::from(*high)))
        .chain(
            columns()
                .rev()
                .map(|(c, (low, _))| (time(c), f64::from(*low))),
        )
        .collect();
    // A polygon as thin as silence is not seen; its outline is.
    chart.draw_series([Polygon::new(outline.clone(), WAVE)])?;
    chart.draw_series([PathElement::new(outline, WAVE)])?;
    let (low, high) = (chart.y_range().start, chart.y_range().end);
    for mark in marks_within(wave) {
        let colour = colour(mark.colour);
        let line = [(mark.seconds, low), (mark.seconds, high)];
        chart.draw_series([PathElement::new(line, colour.stroke_width(2))])?;
        let (x, y) = chart.backend_coord(&line[1]);
        let (left, top) = area.get_base_pixel();
        let place = (x - left + 4, y - top + 1);
        area.draw_text(&shown(&mark.label), &font(14, colour), place)?;
    }
    Ok(())
}

fn marks_within(wave: &Waveform) -> impl Iterator<Item = &Marker> {
    let within = |mark: &&Marker| (0.0..=wave.seconds).contains(&mark.seconds);
    wave.marks.iter().filter(within)
}

fn colour([red, green, blue]: Colour) -> RGBColor {
    RGBColor(red, green, blue)
}
