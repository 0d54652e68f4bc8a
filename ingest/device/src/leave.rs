//! What leaves, and when: fatal failures at once, a day that is over on a later one, and of what
//! is over the bounds as much as fits, drawn by lot.

use kaiku_wire::Day;

use crate::book::{Book, Leaving};
use crate::contents::{Contents, Loss, MIDNIGHT, Outgoing};
use crate::encode::{self, body};
use crate::tally::What;
use crate::{DeviceCatalogue, DeviceFacts, Error, Random};

/// The most that one event may say of how often.
const TIMES: u32 = 10_000;
const MINUTE: i64 = 60_000;

/// What is needed to make uploads.
pub(crate) struct Leaver<'a> {
    pub(crate) catalogue: &'a DeviceCatalogue,
    pub(crate) device: &'a DeviceFacts,
    pub(crate) random: &'a Random,
    pub(crate) now: i64,
    /// Consent under which it leaves: version and day.
    pub(crate) consent: (i32, i32),
    /// The owner asked for it: the drawn minute need not be waited for, and today may leave.
    pub(crate) is_asked: bool,
}

/// One thing that may leave: the row of its totals, and what it is.
type Line = (i64, What);

/// The days on which the server may count what leaves now: near midnight it may be two.
pub(crate) fn days(now: i64) -> Vec<Day> {
    let span = i64::from(MIDNIGHT) * MINUTE;
    let mut days = vec![Day::from_millis(now - span), Day::from_millis(now + span)];
    days.dedup();
    days
}

/// Whether a day of use can be closed: it is past, or so far ahead that the clock was wrong.
fn is_over(day: Day, today: Day) -> bool {
    day < today || day > today.next()
}

impl Leaver<'_> {
    /// Moves what may leave now out of the totals into uploads. What is over the bounds of a day
    /// that is over is lost, and counted.
    pub(crate) fn make(&self, contents: &mut Contents) -> Result<(), Error> {
        let today = Day::from_millis(self.now);
        contents.state.book.forget_before(today);
        let fatal = lines(contents, |_, what| what.is_fatal());
        let (fatal, _) = self.draw(contents, fatal)?;
        self.send(contents, &fatal)?;
        if let Some(day) = self.due(contents, today) {
            let of_day = lines(contents, |on, _| on == day);
            let (drawn, over) = self.draw(contents, of_day)?;
            self.send(contents, &drawn)?;
            for line in &over {
                let times = take(contents, line);
                contents.lose(Loss::Bounded, u64::from(times));
            }
            contents.state.left = Some(today.days_since_epoch());
        }
        if self.is_asked {
            let of_today = lines(contents, |on, _| !is_over(on, today));
            let (drawn, _) = self.draw(contents, of_today)?;
            self.send(contents, &drawn)?;
        }
        contents.tallies.retain(|_, tally| !tally.counts.is_empty());
        Ok(())
    }

    /// The oldest day that is over, where one may leave now.
    fn due(&self, contents: &Contents, today: Day) -> Option<Day> {
        let state = &contents.state;
        let minute = self.now.rem_euclid(24 * 60 * MINUTE) / MINUTE;
        if days(self.now).len() > 1 || state.left == Some(today.days_since_epoch()) {
            return None;
        }
        let over = contents.tallies.values().map(|tally| tally.day());
        let oldest = over.filter(|day| is_over(*day, today)).min()?;
        // The drawn minute spreads devices over the first day on which it can leave. Where none came
        // on that day, as on a device that is used in the morning alone, it leaves when one can.
        let is_late = oldest.next() < today;
        let is_time = self.is_asked || is_late || minute >= i64::from(contents.identity.minute);
        is_time.then_some(oldest)
    }

    /// Parts lines into those that find their places on the server and those that do not. In which
    /// order they try is drawn, so that no feature suffers more often than another.
    fn draw(
        &self,
        contents: &Contents,
        mut lines: Vec<Line>,
    ) -> Result<(Vec<Line>, Vec<Line>), Error> {
        self.random.shuffle(&mut lines)?;
        let drawn = self.fitting(contents, lines);
        let (mut taken, mut over) = drawn;
        // Once more in the order in which they leave, since that is the one in which the server
        // gives places.
        taken.sort_by_cached_key(|(row, what)| self.order(contents, *row, what));
        let (taken, more) = self.fitting(contents, taken);
        over.extend(more);
        Ok((taken, over))
    }

    fn fitting(&self, contents: &Contents, lines: Vec<Line>) -> (Vec<Line>, Vec<Line>) {
        let mut book = contents.state.book.clone();
        let mut leaving = Leaving::on(&days(self.now));
        lines.into_iter().partition(|(row, what)| {
            let release = release_of(contents, *row);
            let fits = book.fits(&leaving, *row, release, what);
            if fits {
                book.take(&mut leaving, *row, release, what);
            }
            fits
        })
    }

    fn order(
        &self,
        contents: &Contents,
        row: i64,
        what: &What,
    ) -> (i32, String, (u8, u16, u16, bool, What)) {
        let tally = contents.tallies.get(&row);
        let (day, release) = tally.map_or((0, ""), |tally| (tally.day, &tally.release));
        (day, release.to_owned(), what.place(self.catalogue))
    }

    /// Makes the uploads of lines that are in their order: one for each day of use and release.
    fn send(&self, contents: &mut Contents, lines: &[Line]) -> Result<(), Error> {
        let mut leaving = Leaving::on(&days(self.now));
        for group in lines.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((row, _)) = group.first() else {
                continue;
            };
            let Some(tally) = contents.tallies.get(row) else {
                continue;
            };
            let (day, release) = (tally.day, tally.release.clone());
            let mut events = Vec::new();
            for line in group {
                let times = take(contents, line);
                contents.lose(Loss::Bounded, u64::from(times.saturating_sub(TIMES)));
                contents
                    .state
                    .book
                    .take(&mut leaving, *row, &release, &line.1);
                events.push((line.1.clone(), times.clamp(1, TIMES)));
            }
            let outgoing = Outgoing {
                day,
                release,
                first: 0,
                events,
                losses: std::mem::take(&mut contents.state.losses),
                consent: self.consent,
                body: Vec::new(),
                is_cut: false,
                paid: leaving.paid(*row),
                handed: days(self.now)
                    .iter()
                    .map(|day| day.days_since_epoch())
                    .collect(),
            };
            self.number(contents, outgoing)?;
        }
        Ok(())
    }

    /// Gives an upload its numbers and puts it behind those that wait; in parts where it is large.
    fn number(&self, contents: &mut Contents, mut outgoing: Outgoing) -> Result<(), Error> {
        outgoing.first = contents.identity.next;
        self.write(contents, &mut outgoing)?;
        if outgoing.body.len() > encode::MOST
            && let Some((one, other)) = self.halves(contents, &outgoing)
        {
            self.number(contents, one)?;
            return self.number(contents, other);
        }
        let count = i64::try_from(outgoing.events.len()).unwrap_or(0);
        contents.identity.next = outgoing.first + count;
        contents.outgoing.insert(outgoing.first, outgoing);
        Ok(())
    }

    /// Both halves of an upload, numbered; `None` where there is only one event. The second half
    /// pays for its places anew; what finds none is lost.
    pub(crate) fn halves(
        &self,
        contents: &mut Contents,
        whole: &Outgoing,
    ) -> Option<(Outgoing, Outgoing)> {
        let (one, other) = whole.events.split_at(whole.events.len() / 2);
        if one.is_empty() {
            return None;
        }
        let first = Outgoing {
            events: one.to_vec(),
            ..whole.clone()
        };
        let days = days(self.now);
        let mut leaving = Leaving::on(&days);
        let (mut events, mut lost) = (Vec::new(), 0);
        let book = &mut contents.state.book;
        for (what, times) in other {
            if book.fits(&leaving, 0, &whole.release, what) {
                book.take(&mut leaving, 0, &whole.release, what);
                events.push((what.clone(), *times));
            } else {
                lost += u64::from(*times);
            }
        }
        contents.lose(Loss::Bounded, lost);
        let second = Outgoing {
            first: whole.first + i64::try_from(one.len()).unwrap_or(0),
            events,
            losses: Default::default(),
            handed: days.iter().map(|day| day.days_since_epoch()).collect(),
            paid: leaving.paid(0),
            ..whole.clone()
        };
        Some((first, second))
    }

    /// The bytes of an upload, which are the same from now on.
    pub(crate) fn write(&self, contents: &Contents, outgoing: &mut Outgoing) -> Result<(), Error> {
        let app = self.catalogue.app();
        outgoing.body = body(&contents.identity, self.device, app, outgoing)?;
        Ok(())
    }
}

impl Outgoing {
    /// Takes the places of this upload on the days on which it may be counted now, where it was
    /// handed out on another before. Whether that was so.
    pub(crate) fn hand_out(&mut self, book: &mut Book, now: i64) -> bool {
        let mut new = days(now);
        new.retain(|day| !self.handed.contains(&day.days_since_epoch()));
        if new.is_empty() {
            return false;
        }
        let paid = std::mem::take(&mut self.paid);
        let mut leaving = Leaving::again(&new, 0, paid);
        for (what, _) in &self.events {
            book.take(&mut leaving, 0, &self.release, what);
        }
        self.paid = leaving.paid(0);
        self.handed
            .extend(new.iter().map(|day| day.days_since_epoch()));
        true
    }
}

fn lines(contents: &Contents, is_meant: impl Fn(Day, &What) -> bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for (row, tally) in &contents.tallies {
        let meant = tally
            .counts
            .keys()
            .filter(|what| is_meant(tally.day(), what));
        lines.extend(meant.map(|what| (*row, what.clone())));
    }
    lines
}

fn release_of(contents: &Contents, row: i64) -> &str {
    let tally = contents.tallies.get(&row);
    tally.map_or("", |tally| &tally.release)
}

fn take(contents: &mut Contents, (row, what): &Line) -> u32 {
    let tally = contents.tallies.get_mut(row);
    tally
        .and_then(|tally| tally.counts.remove(what))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
