//! Figures and tables as the page has them.

/// A figure with three digits that count.
pub(super) fn figure(value: f64) -> String {
    let (value, unit) = match value.abs() {
        ..1e3 => (value, ""),
        ..1e6 => (value / 1e3, " k"),
        ..1e9 => (value / 1e6, " M"),
        _ => (value / 1e9, " G"),
    };
    let digits = match value.abs() {
        0.0 => 0,
        ..0.01 => 4,
        ..0.1 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    };
    format!("{text}{unit}")
}

/// A share as percent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", figure(share * 100.0))
}

/// Bytes, by thousands.
pub(super) fn bytes(value: f64) -> String {
    let text = figure(value);
    match text.split_once(' ') {
        Some((number, unit)) => format!("{number} {unit}B"),
        None => format!("{text} B"),
    }
}

/// Seconds, with the unit that suits them.
pub(super) fn seconds(value: f64) -> String {
    match value {
        f64::INFINITY => "never".into(),
        ..1e-3 => format!("{} µs", figure(value * 1e6)),
        ..1.0 => format!("{} ms", figure(value * 1e3)),
        ..120.0 => format!("{} s", figure(value)),
        _ => format!("{} min", figure(value / 60.0)),
    }
}

/// A table of Markdown.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[&str]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head);
    text += &format!("|{}\n", "---|".repeat(head.len()));
    for row in rows {
        text += &line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        for (value, text) in [
            (0.0, "0"),
            (0.00421, "0.0042"),
            (0.5, "0.5"),
            (2.71428, "2.71"),
            (27.1428, "27.1"),
            (271.428, "271"),
            (12_345.0, "12.3 k"),
            (50_000_000.0, "50 M"),
        ] {
            assert_eq!(figure(value), text);
        }
        assert_eq!(bytes(1_500.0), "1.5 kB");
        assert_eq!(seconds(0.0125), "12.5 ms");
        assert_eq!(seconds(600.0), "10 min");
        assert_eq!(
            table(&["a", "b"], [vec!["1".into(), "2".into()]]),
            "| a | b |\n|---|---|\n| 1 | 2 |\n"
        );
    }
}
