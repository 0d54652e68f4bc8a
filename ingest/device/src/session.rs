//! When a session begins and ends. Pure: the time is handed in, in milliseconds.

/// So long in the background ends a session.
const BACKGROUND: i64 = 5 * 60_000;
/// No session is longer.
const LONGEST: i64 = 24 * 3_600_000;

/// The one session of a process, if it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sessions {
    open: Option<Session>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Session {
    since: i64,
    background: Option<i64>,
}

/// What a call has brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// A session ended: when, and after how long.
    pub(crate) ended: Option<(i64, i64)>,
    /// A session began.
    pub(crate) began: bool,
}

impl Sessions {
    /// The app started. What was still open ends.
    pub(crate) fn start(&mut self, now: i64) -> Turn {
        let ended = self.stop(now).ended;
        self.open = Some(Session {
            since: now,
            background: None,
        });
        Turn { ended, began: true }
    }

    /// The app went out of sight.
    pub(crate) fn background(&mut self, now: i64) -> Turn {
        let turn = self.tick(now);
        if let Some(session) = &mut self.open {
            session.background.get_or_insert(now);
        }
        turn
    }

    /// The app came back: into the same session within five minutes, else into a new one.
    pub(crate) fn foreground(&mut self, now: i64) -> Turn {
        let mut turn = self.tick(now);
        match &mut self.open {
            Some(session) => session.background = None,
            None => {
                turn = Turn {
                    ended: turn.ended,
                    ..self.start(now)
                }
            }
        }
        turn
    }

    /// The app stopped.
    pub(crate) fn stop(&mut self, now: i64) -> Turn {
        let ended = self.open.take().map(|session| {
            let end = match session.background {
                Some(since) if now - since >= BACKGROUND => since,
                _ => now,
            };
            let length = (end - session.since).clamp(0, LONGEST);
            (end, length)
        });
        Turn {
            ended,
            began: false,
        }
    }

    /// Time has passed: a session that was long in the background ends, and one that is a day old
    /// ends and goes on as another.
    pub(crate) fn tick(&mut self, now: i64) -> Turn {
        let Some(session) = self.open else {
            return Turn::default();
        };
        if session
            .background
            .is_some_and(|since| now - since >= BACKGROUND)
        {
            return self.stop(now);
        }
        if now - session.since >= LONGEST {
            let background = session.background;
            let turn = self.start(now);
            if let Some(session) = &mut self.open {
                session.background = background;
            }
            return turn;
        }
        Turn::default()
    }

    /// Forgets the open session: it never was.
    pub(crate) fn forget(&mut self) {
        self.open = None;
    }

    /// When the open session began, and since when it is in the background.
    pub(crate) fn open(&self) -> Option<(i64, Option<i64>)> {
        let session = self.open?;
        Some((session.since, session.background))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn a_short_look_elsewhere_does_not_end_a_session() {
        let mut sessions = Sessions::default();
        assert!(sessions.start(0).began);
        assert_eq!(sessions.background(MINUTE), Turn::default());
        assert_eq!(sessions.foreground(5 * MINUTE), Turn::default());
        let turn = sessions.stop(7 * MINUTE);
        assert_eq!(turn.ended, Some((7 * MINUTE, 7 * MINUTE)));
    }

    #[test]
    fn five_minutes_in_the_background_end_a_session_when_they_began() {
        let mut sessions = Sessions::default();
        sessions.start(0);
        sessions.background(MINUTE);
        let turn = sessions.foreground(6 * MINUTE);
        assert_eq!(turn.ended, Some((MINUTE, MINUTE)));
        assert!(turn.began);
        assert_eq!(sessions.open(), Some((6 * MINUTE, None)));
    }

    #[test]
    fn a_session_is_a_day_long_at_most_and_goes_on_as_another() {
        let mut sessions = Sessions::default();
        sessions.start(0);
        let turn = sessions.tick(LONGEST + MINUTE);
        assert_eq!(turn.ended, Some((LONGEST + MINUTE, LONGEST)));
        assert!(turn.began);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_negative_session() {
        let mut sessions = Sessions::default();
        sessions.start(10 * MINUTE);
        assert_eq!(sessions.stop(MINUTE).ended, Some((MINUTE, 0)));
        assert_eq!(sessions.stop(MINUTE), Turn::default());
    }
}
