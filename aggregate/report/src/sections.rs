//! The sections of an app: one file a group, one function a section.

mod breaks;
mod changed;
mod crashes;
mod glance;
mod promise;
mod shapes;
mod together;
mod unseen;
mod used;
mod who;

use crate::context::Context;
use crate::model::{Group, Section};
pub(crate) use promise::promises;

/// All sections of an app, in the order of their groups.
pub(crate) fn all(context: &Context<'_>) -> Vec<Section> {
    let groups = [
        glance::sections(context),
        used::sections(context),
        breaks::sections(context),
        who::sections(context),
        together::sections(context),
        unseen::sections(context),
    ];
    let mut sections: Vec<Section> = groups.into_iter().flatten().collect();
    for section in &mut sections {
        if has_nothing(section) {
            section.group = Group::Unseen;
        }
    }
    sections.sort_by_key(|section| section.group);
    sections
}

/// Whether a section has nothing to show, and so stands with its reason among what is not shown. What is asked at a
/// glance has its place there either way, and that no feature is missing is an answer.
fn has_nothing(section: &Section) -> bool {
    let is_answer = section.group == Group::Glance || section.id == "features_unseen";
    section.empty.is_some() && !is_answer
}
