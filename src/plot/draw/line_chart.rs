//! The panel of a line chart.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{TickedAxis, number, with_air};
use super::{
    Area, BETWEEN_PANELS, BOTTOM, BOTTOM_LABEL, DrawResult, INK, LEFT, MARGIN, RIGHT, WIDTH, font,
    shown, titled,
};
use crate::plot::line_chart::{logarithmic_label, logarithmic_ticks, range};
use crate::plot::{LineChart, Series};

const FAINT: RGBColor = RGBColor(225, 225, 230);
/// Colours of the lines, told apart by colour-blind readers too.
const LINES: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 86, 86),
];

/// Draws `chart` on `area`.
pub(super) fn draw(area: &Area, chart: &LineChart) -> DrawResult<()> {
    let (head, area) = titled(area, &chart.title)?;
    let lines = chart.drawn((WIDTH as i32 - 2 * MARGIN - LEFT - RIGHT) as usize);
    let points = || lines.iter().flatten();
    let (Some(x), Some(y)) = (
        range(points().map(|p| p.0)),
        range(points().map(|p| p.1)).map(with_air),
    ) else {
        let place = (LEFT, area.dim_in_pixel().1 as i32 / 2);
        area.draw_text("There is nothing to draw.", &font(16, INK), place)?;
        return Ok(());
    };
    let axis = if chart.logarithmic {
        TickedAxis::with_ticks(y.clone(), logarithmic_ticks(&y))
    } else {
        TickedAxis::linear(y, 6)
    };
    let label = |tick: &f64| {
        if chart.logarithmic {
            logarithmic_label(*tick)
        } else {
            number(*tick)
        }
    };
    let mut drawn = ChartBuilder::on(&area)
        .x_label_area_size(BOTTOM + BOTTOM_LABEL)
        .y_label_area_size(LEFT)
        .margin_right(RIGHT)
        .margin_bottom(BETWEEN_PANELS)
        .build_cartesian_2d(x, axis)?;
    drawn
        .configure_mesh()
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .axis_style(INK)
        .label_style(font(14, INK))
        .axis_desc_style(font(15, INK))
        .x_desc(shown(&chart.x_label))
        .y_desc(shown(&chart.y_label))
        .x_label_formatter(&|x| number(*x))
        .y_label_formatter(&label)
        .draw()?;
    for (line, colour) in lines.iter().zip(LINES.iter().cycle()) {
        let stroke = colour.stroke_width(2);
        if let [only] = line[..] {
            drawn.draw_series([Circle::new(only, 3, colour.filled())])?;
        } else {
            drawn.draw_series([PathElement::new(line.clone(), stroke)])?;
        }
    }
    if chart.series.len() > 1 {
        legend(&head, &chart.series)?;
    }
    Ok(())
}

/// Names the lines at the right of a chart's title, where no line is in the way.
fn legend(head: &Area, series: &[Series]) -> DrawResult<()> {
    let mut right = WIDTH as i32 - 2 * MARGIN - RIGHT;
    let coloured: Vec<_> = series.iter().zip(LINES.iter().cycle()).collect();
    for (series, colour) in coloured.into_iter().rev() {
        let name = shown(&series.name);
        let style = font(15, INK).pos(Pos::new(HPos::Right, VPos::Top));
        head.draw_text(&name, &style, (right, 4))?;
        let (width, _) = head.estimate_text_size(&name, &style)?;
        right -= width as i32 + 6;
        let line = [(right - 18, 11), (right, 11)];
        head.draw(&PathElement::new(line, colour.stroke_width(2)))?;
        right -= 36;
    }
    Ok(())
}
