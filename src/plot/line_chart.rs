//! Numbers over numbers.

use std::ops::Range;

/// Named lines over common axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineChart {
    /// Stands above the chart.
    pub title: String,
    /// What is counted to the right.
    pub x_label: String,
    /// What is counted upwards.
    pub y_label: String,
    /// Whether equal ratios are equal distances upwards; values that are not
    /// above zero are then left out.
    pub logarithmic: bool,
    /// The lines. With more than one, the chart says which is which.
    pub series: Vec<Series>,
}

/// One line of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// What the line is.
    pub name: String,
    /// Pairs of x and y, by growing x. Pairs that are not finite, or
    /// larger than 1e30, are left out.
    pub points: Vec<(f64, f64)>,
}

/// Beyond it an axis could overflow.
const LARGEST: f64 = 1e30;

impl LineChart {
    /// What is drawn of each line: y as its logarithm to base 10 where the axis
    /// is logarithmic, and in each of `columns` no more than the lowest and the
    /// highest point.
    pub(super) fn drawn(&self, columns: usize) -> Vec<Vec<(f64, f64)>> {
        let drawable = |&(x, y): &(f64, f64)| {
            let y = if self.logarithmic { y.log10() } else { y };
            (x.abs() <= LARGEST && y.abs() <= LARGEST).then_some((x, y))
        };
        let lines: Vec<Vec<_>> = self
            .series
            .iter()
            .map(|series| series.points.iter().filter_map(drawable).collect())
            .collect();
        let Some(width) = range(lines.iter().flatten().map(|p| p.0)) else {
            return lines;
        };
        lines
            .iter()
            .map(|line| thinned(line, &width, columns))
            .collect()
    }
}

/// From the lowest to the highest of `values`, a little more where they are all
/// the same; `None` where there are none.
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    });
    if low > high {
        return None;
    }
    let least = 1e-6 * low.abs().max(high.abs()).max(1e-6);
    let more = if high - low < least {
        0.1 * high.abs().max(1.0)
    } else {
        0.0
    };
    Some(low - more..high + more)
}

fn thinned(line: &[(f64, f64)], width: &Range<f64>, columns: usize) -> Vec<(f64, f64)> {
    let column = |point: &(f64, f64)| {
        ((point.0 - width.start) / (width.end - width.start) * columns as f64) as usize
    };
    let mut thin = Vec::new();
    for points in line.chunk_by(|a, b| column(a) == column(b)) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (
            points.iter().min_by(by_height),
            points.iter().max_by(by_height),
        );
        let mut kept: Vec<_> = low.into_iter().chain(high).copied().collect();
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.dedup();
        thin.extend(kept);
    }
    thin
}

/// Values from 10^`decades.start` to 10^`decades.end` that a logarithmic axis
/// names, as their logarithms: 1, 2 and 5 times the powers of ten where there
/// is room, else some of the powers.
pub(super) fn logarithmic_ticks(decades: &Range<f64>) -> Vec<f64> {
    let span = decades.end - decades.start;
    let every = (span / 8.0).ceil().max(1.0) as i64;
    let multiples: &[f64] = if span <= 3.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    (decades.start.floor() as i64..=decades.end.ceil() as i64)
        .filter(|decade| decade % every == 0)
        .flat_map(|decade| multiples.iter().map(move |m| decade as f64 + m.log10()))
        .filter(|tick| (decades.start..=decades.end).contains(tick))
        .collect()
}

/// The number whose logarithm is `tick`, as an axis says it.
pub(super) fn logarithmic_label(tick: f64) -> String {
    let decade = (tick + 1e-9).floor();
    let multiple = 10f64.powf(tick - decade).round();
    if (-4.0..0.0).contains(&decade) {
        format!("{:.*}", -decade as usize, multiple * 10f64.powf(decade))
    } else if (0.0..4.0).contains(&decade) {
        format!("{:.0}", multiple * 10f64.powf(decade))
    } else {
        format!("{multiple}e{decade}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_its_extremes_and_loses_what_no_pixel_shows() {
        let mut points: Vec<_> = (0..100_000).map(|n| (f64::from(n), 1.0)).collect();
        points[70_003].1 = 50.0;
        points[70_004].1 = 0.5;
        points[5].1 = f64::NAN;
        points[6].1 = f64::INFINITY;
        points[7].1 = f64::MAX;
        let series = vec![Series {
            name: "loss".into(),
            points,
        }];
        let chart = LineChart {
            series,
            ..LineChart::default()
        };
        let drawn = &chart.drawn(500)[0];
        assert!(drawn.len() <= 1002, "{}", drawn.len());
        assert!(drawn.contains(&(70_003.0, 50.0)));
        assert!(drawn.contains(&(70_004.0, 0.5)));
        assert!(drawn.is_sorted_by(|a, b| a.0 <= b.0));
        assert!(drawn.iter().all(|p| p.1 <= 50.0));
    }

    #[test]
    fn on_a_logarithmic_axis_only_what_is_above_zero_is_drawn() {
        let series = vec![Series {
            name: "loss".into(),
            points: vec![(0.0, 100.0), (1.0, 0.0), (2.0, -1.0), (3.0, 0.1)],
        }];
        let chart = LineChart {
            logarithmic: true,
            series,
            ..LineChart::default()
        };
        assert_eq!(chart.drawn(100), [[(0.0, 2.0), (3.0, -1.0)]]);
    }

    #[test]
    fn a_logarithmic_axis_has_ticks_within_one_decade_and_over_many() {
        let labels = |range: Range<f64>| -> Vec<String> {
            let ticks = logarithmic_ticks(&range);
            ticks.into_iter().map(logarithmic_label).collect()
        };
        let logs = |low: f64, high: f64| low.log10()..high.log10();
        assert_eq!(labels(logs(0.015, 0.07)), ["0.02", "0.05"]);
        assert_eq!(labels(logs(0.9, 3000.0)).first().unwrap(), "1");
        assert_eq!(labels(logs(2e-6, 3e-5)), ["2e-6", "5e-6", "1e-5", "2e-5"]);
        let many = labels(logs(1e-30, 1e30));
        assert!((4..=9).contains(&many.len()), "{many:?}");
    }

    #[test]
    fn a_range_is_never_empty() {
        assert_eq!(range([].into_iter()), None);
        assert_eq!(range([0.0, 2.0].into_iter()), Some(0.0..2.0));
        for value in [0.0, 1e-9, -7.0, 1e12] {
            let range = range([value].into_iter()).unwrap();
            assert!(range.start < value && value < range.end, "{range:?}");
        }
    }
}
