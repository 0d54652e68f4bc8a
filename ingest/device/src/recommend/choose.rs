//! What is suggested now, and what the owner does with it.

use std::collections::HashSet;

use super::{Act, Recommendation, SHOWN};
use crate::catalogue::in_language;
use crate::disk::Disk;
use crate::memory::{Memory, Mode, Thing};
use crate::shared::Shared;
use crate::words;

impl Shared {
    /// Up to so many suggestions, the best first; it changes nothing.
    pub(crate) fn recommend(&self, language: &str, most: usize) -> Vec<Recommendation> {
        let disk = self.disk();
        self.choose(&disk, language, most).unwrap_or_default()
    }

    fn choose(&self, disk: &Disk, language: &str, most: usize) -> Option<Vec<Recommendation>> {
        let settings = self.recommend.as_ref().filter(|_| self.suggests())?;
        let (_, said) = self.held(disk)?;
        let today = self.today();
        let mut taste = disk.spool.as_ref()?.contents().taste.clone();
        let mut used_now: HashSet<u16> = HashSet::new();
        {
            // What is not written down yet counts as well.
            let memory = self.memory();
            memory.recorded.acts.iter().for_each(|act| taste.apply(act));
            used_now.extend(
                memory
                    .recorded
                    .counts
                    .keys()
                    .filter_map(|(_, thing)| match thing {
                        Thing::Used(number) => Some(*number),
                        _ => None,
                    }),
            );
        }
        let left = settings.a_day.saturating_sub(taste.shown_on(today));
        if taste.is_never() || left == 0 {
            return None;
        }
        let feature = |name: &str| {
            let number = self.catalogue.feature(name)?;
            Some((number, &self.catalogue.features()[usize::from(number)]))
        };
        let uses = |name: &str| match feature(name) {
            Some((number, _)) => used_now.contains(&number) || taste.uses(name),
            None => false,
        };
        let title = |name: &str| {
            let titles = feature(name).map(|(_, feature)| &feature.titles);
            let title = titles.and_then(|titles| in_language(titles, language));
            title.unwrap_or(name).to_owned()
        };
        let picked = said.pick(&uses).into_iter().filter(|picked| {
            feature(picked.feature).is_some_and(|(_, feature)| {
                let is_current = feature.expires.is_none_or(|expires| today < expires);
                feature.recommend && is_current
            }) && !taste.is_unwanted(picked.feature, settings.a_feature)
        });
        let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        let made = picked.take(most).map(|picked| Recommendation {
            feature: picked.feature.to_owned(),
            title: title(picked.feature),
            because: words::because(&title(picked.because), language),
            because_feature: picked.because.to_owned(),
        });
        Some(made.collect())
    }

    /// Something was shown: it is counted like any feature, without a word of which it was.
    pub(crate) fn shown(&self, feature: &str) {
        let day = self.today();
        let act = Act::Shown(day.days_since_epoch(), feature.to_owned());
        self.act(feature, act, |memory| {
            self.catalogue
                .feature(SHOWN)
                .is_some_and(|number| memory.record(day, Thing::Used(number)))
        });
    }

    pub(crate) fn dismiss(&self, feature: &str) {
        self.act(feature, Act::Dismissed(feature.to_owned()), |_| false);
    }

    /// None at all from now on, or again.
    pub(crate) fn want(&self, wanted: bool) {
        let act = if wanted { Act::Again } else { Act::Never };
        self.take_note(act, |_| false);
    }

    /// What concerns a feature that the catalogue has.
    fn act(&self, feature: &str, act: Act, record: impl FnOnce(&mut Memory) -> bool) {
        if self.catalogue.feature(feature).is_some() {
            self.take_note(act, record);
        } else {
            self.memory().problems.unknown_names += 1;
        }
    }

    fn take_note(&self, act: Act, record: impl FnOnce(&mut Memory) -> bool) {
        let mut memory = self.memory();
        let is_on = matches!(memory.mode, Mode::On(level) if level.has_usage());
        if self.recommend.is_none() || !is_on {
            return;
        }
        memory.recorded.take_act(act);
        let tell = record(&mut memory);
        let tell = memory.dirty(true) || tell;
        drop(memory);
        self.tell(tell);
    }
}
