//! What an answer means for what is stored. Pure: only the one word that says "kept" deletes.

use std::time::Duration;

use crate::{Error, Random};

/// What a server, or the lack of one, said to an upload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The status of the HTTP answer; `None` where there was none.
    pub status: Option<u16>,
    /// What the answer's `Retry-After` says.
    pub retry_after: Option<Duration>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived: delete it and note it.
    Delivered,
    /// It will never be taken as it is: cut it in half, or drop it where it was cut before.
    Refused,
    /// Keep it, and be quiet for so many milliseconds.
    Wait(i64),
}

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const FIRST_WAIT: i64 = 15 * MINUTE;

impl Answer {
    /// An answer with this status.
    pub fn status(status: u16) -> Answer {
        Answer {
            status: Some(status),
            retry_after: None,
        }
    }

    /// No answer: the network is away, or the connection broke off.
    pub fn none() -> Answer {
        Answer::default()
    }
}

/// What an answer means after so many tries in vain.
pub(crate) fn judge(answer: Answer, tries: u32, random: &Random) -> Result<Verdict, Error> {
    Ok(match answer.status {
        Some(202) => Verdict::Delivered,
        Some(400 | 413 | 415) => Verdict::Refused,
        Some(401 | 403) => Verdict::Wait(DAY),
        // Everything else, a page of a hotel's network and a redirect included.
        _ => {
            let asked = answer.retry_after.map(|time| {
                let millis = i64::try_from(time.as_millis()).unwrap_or(DAY);
                millis.clamp(MINUTE, DAY)
            });
            Verdict::Wait(match asked {
                Some(millis) => millis,
                None => backoff(tries, random)?,
            })
        }
    })
}

/// 15 minutes, doubled with each try up to a day, and half of it more or less: devices that were
/// refused together do not come back together.
fn backoff(tries: u32, random: &Random) -> Result<i64, Error> {
    let whole = FIRST_WAIT.saturating_mul(1 << tries.min(8)).min(DAY);
    let percent = 50 + i64::from(random.below(101)?);
    Ok(whole * percent / 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn wait(answer: Answer, tries: u32) -> i64 {
        match judge(answer, tries, &Random::system()).unwrap() {
            Verdict::Wait(millis) => millis,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_202_deletes() {
        let random = Random::system();
        for status in (100..=599).filter(|status| *status != 202) {
            let verdict = judge(Answer::status(status), 0, &random).unwrap();
            let is_refused = [400, 413, 415].contains(&status);
            assert_eq!(verdict == Verdict::Refused, is_refused, "{status}");
            assert_ne!(verdict, Verdict::Delivered, "{status}");
        }
        let taken = judge(Answer::status(202), 9, &random).unwrap();
        assert_eq!(taken, Verdict::Delivered);
    }

    #[test]
    fn a_device_that_is_not_let_in_is_quiet_for_a_day() {
        assert_eq!(wait(Answer::status(401), 0), DAY);
        assert_eq!(wait(Answer::status(403), 5), DAY);
    }

    #[test]
    fn the_wait_doubles_up_to_a_day_and_is_spread_by_half() {
        for tries in 0..40 {
            let whole = (FIRST_WAIT * (1_i64 << tries.min(20))).min(DAY);
            let waits: Vec<i64> = (0..200).map(|_| wait(Answer::none(), tries)).collect();
            let (least, most) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
            assert!(*least >= whole / 2 && *most <= whole * 3 / 2, "{tries}");
            assert!(most - least > whole / 2, "{tries}: {least} to {most}");
        }
    }

    #[test]
    fn a_server_may_ask_for_a_minute_to_a_day_and_no_more() {
        let asks = |seconds| Answer {
            status: Some(503),
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(wait(asks(0), 3), MINUTE);
        assert_eq!(wait(asks(300), 3), 5 * MINUTE);
        assert_eq!(wait(asks(10_000_000), 0), DAY);
        assert_eq!(wait(asks(u64::MAX), 0), DAY);
    }
}
