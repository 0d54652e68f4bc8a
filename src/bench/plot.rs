//! The medians as a picture: bars in SVG with their numbers in text, to be read in black and white.

use std::fmt::Write;

use super::figures::Figure;
use super::report::{Measured, Report};

/// A chart: its title, and its bars for each cell, each with what it is called.
type Chart = (&'static str, &'static [(&'static str, Figure)]);

const CHARTS: &[Chart] = &[
    (
        "Events a CPU second",
        &[
            ("enrich", Figure::EventsPerCpuSecond),
            ("limit: librdkafka alone", Figure::PassEventsPerCpuSecond),
            (
                "the same in transactions",
                Figure::PassTransactionsEventsPerCpuSecond,
            ),
        ],
    ),
    (
        "Events a second by the clock",
        &[("enrich", Figure::EventsPerSecond)],
    ),
    (
        "Memory, MB",
        &[
            ("before the first device", Figure::ResidentBeforeBytes),
            ("behind the last", Figure::ResidentAfterBytes),
        ],
    ),
    (
        "Memory a device, bytes",
        &[("enrich", Figure::BytesPerDevice)],
    ),
    (
        "Time of a commit, milliseconds",
        &[
            ("median", Figure::CommitMedianSeconds),
            ("99 of 100 are quicker", Figure::CommitP99Seconds),
        ],
    ),
    (
        "Restore of the slowest lane, seconds",
        &[("enrich", Figure::RestoreSeconds)],
    ),
    (
        "Devices restored a second and lane",
        &[("enrich", Figure::DevicesRestoredPerLaneSecond)],
    ),
];

/// What bars are filled with, one after the other: told apart without a colour.
const FILLS: [&str; 3] = ["#333333", "#b0b0b0", "url(#lines)"];

const WIDTH: u32 = 900;
/// Where the bars begin, and how long the longest is.
const LEFT: u32 = 230;
const LONGEST: f64 = 520.0;
const ROW: u32 = 18;
const HEADING: u32 = 34;

/// A picture of the medians of all cells.
pub(crate) fn svg(report: &Report) -> String {
    let mut page = Page {
        body: String::new(),
        y: 24,
    };
    page.text(16, 16, true, "kaiku bench");
    page.y += 20;
    page.text(16, 11, false, &report.machine.line());
    page.y += 10;
    for (title, series) in CHARTS {
        page.chart(title, series, &report.cells);
    }
    page.finish()
}

/// A picture in the making.
struct Page {
    body: String,
    /// The line of the text that comes next.
    y: u32,
}

impl Page {
    fn chart(&mut self, title: &str, series: &[(&str, Figure)], cells: &[Measured]) {
        let values = cells.iter().flat_map(|cell| {
            let bars = series.iter();
            bars.filter_map(|(_, figure)| Some(figure.scaled(cell.median.get(*figure)?)))
        });
        let Some(most) = values.reduce(f64::max).filter(|most| *most > 0.0) else {
            return;
        };
        self.y += HEADING;
        self.text(16, 14, true, title);
        for cell in cells {
            let has_any = series
                .iter()
                .any(|(_, figure)| cell.median.get(*figure).is_some());
            if !has_any {
                continue;
            }
            self.y += ROW + 4;
            self.text(16, 12, false, &cell.cell.to_string());
            for ((name, figure), fill) in series.iter().zip(FILLS.iter().cycle()) {
                if let Some(value) = cell.median.get(*figure) {
                    let share = (figure.scaled(value) / most).clamp(0.0, 1.0);
                    self.bar(name, share, fill, &figure.show(value));
                }
            }
        }
    }

    fn bar(&mut self, name: &str, share: f64, fill: &str, value: &str) {
        self.y += ROW;
        self.text(32, 12, false, name);
        let (top, length) = (self.y - 11, share * LONGEST);
        let _ = writeln!(
            self.body,
            r##"<rect x="{LEFT}" y="{top}" width="{length:.1}" height="13" fill="{fill}" stroke="#000000"/>"##
        );
        let behind = f64::from(LEFT) + length + 6.0;
        let (y, value) = (self.y, escaped(value));
        let _ = writeln!(
            self.body,
            r#"<text x="{behind:.1}" y="{y}" font-size="12">{value}</text>"#
        );
    }

    fn text(&mut self, x: u32, size: u32, is_bold: bool, text: &str) {
        let weight = if is_bold { "bold" } else { "normal" };
        let (y, text) = (self.y, escaped(text));
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}">{text}</text>"#
        );
    }

    fn finish(self) -> String {
        let height = self.y + 24;
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" role="img">
<title>kaiku bench</title>
<defs><pattern id="lines" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#ffffff"/><line x1="0" y1="0" x2="0" y2="5" stroke="#000000" stroke-width="2"/></pattern></defs>
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
{}</svg>
"##,
            self.body
        )
    }
}

/// Text as it may stand in XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::sample;
    use super::*;

    #[test]
    fn the_picture_has_every_label_title_and_number() {
        let report = sample(900_000.0);
        let svg = svg(&report);
        for measured in &report.cells {
            assert!(svg.contains(&format!(">{}<", measured.cell)), "{svg}");
        }
        for label in [
            ">Events a CPU second<",
            ">enrich<",
            ">limit: librdkafka alone<",
            ">4,000,000<",
            ">Memory, MB<",
            ">Time of a commit, milliseconds<",
            ">50<",
        ] {
            assert!(svg.contains(label), "{label}: {svg}");
        }
        assert!(svg.contains("Some CPU &lt;fast&gt; &amp; cool"), "{svg}");
        // What was not measured has no chart.
        assert!(!svg.contains("Restore"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    }
}
