//! Points in time: milliseconds since 1970, written as RFC 3339 in UTC.

use std::fmt;
use std::ops::Deref;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// A point in time with a resolution of one millisecond. In JSON: `2026-01-02T03:04:05.678Z`; in forms that nobody reads by
/// eye, its milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(u64);

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Milliseconds by which a test has set the clock wrong.
#[cfg(debug_assertions)]
static WRONG_BY_MS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

/// Sets what [`Timestamp::now`] says wrong by so many milliseconds.
#[cfg(debug_assertions)]
pub(crate) fn set_clock_wrong_by(ms: i64) {
    WRONG_BY_MS.store(ms, std::sync::atomic::Ordering::Relaxed);
}

impl Timestamp {
    /// The latest time that RFC 3339 can write, the last millisecond of the year 9999.
    const MAX_MS: u64 = 253_402_300_799_999;

    /// The time that many milliseconds after 1970 began; later than the year 9999 is taken as its end.
    #[must_use]
    pub fn from_ms(ms: u64) -> Self {
        Self(ms.min(Self::MAX_MS))
    }

    /// What the machine's clock says.
    #[must_use]
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let ms = since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        #[cfg(debug_assertions)]
        let ms = ms.saturating_add_signed(WRONG_BY_MS.load(std::sync::atomic::Ordering::Relaxed));
        Self::from_ms(ms)
    }

    /// Milliseconds since 1970 began.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.0
    }

    /// The time, written.
    #[must_use]
    pub fn text(self) -> TimeText {
        TimeText::new(self)
    }

    /// This time and `ms` milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// This time less `ms` milliseconds, not before 1970.
    #[must_use]
    pub fn minus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

/// A time, written. Every delivered message has one, so it goes without the machinery of formats.
#[derive(Clone, Copy, Debug)]
pub struct TimeText([u8; "2026-01-02T03:04:05.678Z".len()]);

impl TimeText {
    fn new(at: Timestamp) -> Self {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let (days, ms) = (at.0 / DAY_MS, at.0 % DAY_MS);
        let (year, month, day) = date(days);
        let (s, ms) = (ms / 1_000, ms % 1_000);
        put(&mut text[..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], s / 3_600);
        put(&mut text[14..16], s / 60 % 60);
        put(&mut text[17..19], s % 60);
        put(&mut text[20..23], ms);
        Self(text)
    }

    /// Its octets, all of them ASCII.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.0
    }
}

/// Fills the digits.
fn put(digits: &mut [u8], mut number: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Year, month and day, so many days after 1970 began. Years are counted from March on, so that the day that a leap year has
/// more is its last; 400 years have the same number of days always.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_FROM_MARCH_0000: u64 = 719_468;
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days + DAYS_FROM_MARCH_0000;
    let (cycle, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Of five months from March on, and of five from August on, the days are 31, 30, 31, 30, 31.
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (400 * cycle + year + turn, month, day_of_month)
}

impl Deref for TimeText {
    type Target = str;

    fn deref(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.serialize_str(&self.text()),
            false => serializer.serialize_u64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(Self::from_ms(u64::deserialize(deserializer)?));
        }
        let text = String::deserialize(deserializer)?;
        let at = humantime::parse_rfc3339(&text).map_err(de::Error::custom)?;
        let since = at.duration_since(UNIX_EPOCH).map_err(de::Error::custom)?;
        Ok(Self::from_ms(
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn written_with_milliseconds_and_read_back() {
        let at = Timestamp::from_ms(1_767_323_045_678);
        assert_eq!(at.to_string(), "2026-01-02T03:04:05.678Z");
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }

    proptest! {
        #[test]
        fn any_time_is_written_as_a_library_writes_it(ms in 0..=Timestamp::MAX_MS) {
            let at = UNIX_EPOCH + Duration::from_millis(ms);
            let written = humantime::format_rfc3339_millis(at).to_string();
            prop_assert_eq!(&*Timestamp::from_ms(ms).text(), written);
        }
    }

    #[test]
    fn every_day_is_written_as_a_library_writes_it() {
        for day in 0..=Timestamp::MAX_MS / DAY_MS {
            let at = UNIX_EPOCH + Duration::from_millis(day * DAY_MS);
            let written = humantime::format_rfc3339_millis(at).to_string();
            assert_eq!(&*Timestamp::from_ms(day * DAY_MS).text(), written);
        }
    }

    #[test]
    fn a_time_past_the_year_9999_is_still_written() {
        assert_eq!(
            Timestamp::from_ms(u64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
    }
}
