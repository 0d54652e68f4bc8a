//! The sections of an app: one file a group, one function a section.

mod breaks;
mod changed;
mod crashes;
mod glance;
mod shapes;
mod together;
mod unseen;
mod used;
mod who;

use crate::context::Context;
use crate::model::Section;
pub(crate) use unseen::promises;

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
    groups.into_iter().flatten().collect()
}
