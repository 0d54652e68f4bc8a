//! Moments and spans as people and programs read them.

use kaiku_wire::Day;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// A moment in UTC to the second, as RFC 3339 has it.
pub(super) fn rfc3339(millis: i64) -> String {
    let (day, hour, minute, second) = parts(millis);
    format!("{day}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same to the minute, for people.
pub(super) fn minute(millis: i64) -> String {
    let (day, hour, minute, _) = parts(millis);
    format!("{day} {hour:02}:{minute:02} UTC")
}

fn parts(millis: i64) -> (Day, i64, i64, i64) {
    let of_day = millis.rem_euclid(DAY);
    let (hour, minute) = (of_day / HOUR, of_day % HOUR / MINUTE);
    (
        Day::from_millis(millis),
        hour,
        minute,
        of_day % MINUTE / SECOND,
    )
}

/// A span in its two greatest units; what is over is none.
pub(super) fn span(millis: i64) -> String {
    let millis = millis.max(0);
    let two = |great: i64, name: &str, small: i64, less: &str| {
        let (many, few) = (millis / great, millis % great / small);
        match few {
            0 => format!("{many} {name}"),
            _ => format!("{many} {name} {few} {less}"),
        }
    };
    match millis {
        DAY.. => two(DAY, "d", HOUR, "h"),
        HOUR.. => two(HOUR, "h", MINUTE, "min"),
        MINUTE.. => two(MINUTE, "min", SECOND, "s"),
        _ => format!("{} s", millis / SECOND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_in_utc() {
        assert_eq!(rfc3339(1_764_471_165_999), "2025-11-30T02:52:45Z");
        assert_eq!(minute(1_764_471_165_999), "2025-11-30 02:52 UTC");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_span_has_two_units_at_most() {
        let spans = [-5, 999, 61_000, HOUR, HOUR + MINUTE, 2 * DAY + 3 * HOUR + 9];
        let told = ["0 s", "0 s", "1 min 1 s", "1 h", "1 h 1 min", "2 d 3 h"];
        assert_eq!(spans.map(span), told);
    }
}
