//! Panels of samples over time.

use plotters::prelude::*;

use super::axis::{TickedAxis, number, with_air};
use super::{
    Area, BETWEEN_PANELS, BOTTOM, Common, DrawResult, INK, LEFT, RIGHT, font, shown, titled,
};
use crate::plot::{Colour, Marker, Waveform};

const WAVE: RGBColor = RGBColor(59, 82, 139);

/// Draws a waveform and the marks within it, on the page's axis of time.
pub(super) fn draw(area: &Area, wave: &Waveform, common: &Common) -> DrawResult<()> {
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
