//! The sections of an app: one file a group, one function a section.

mod glance;
mod used;

use crate::context::Context;
use crate::model::Section;

/// All sections of an app, in the order of their groups.
pub(crate) fn all(context: &Context<'_>) -> Vec<Section> {
    let groups = [glance::sections(context), used::sections(context)];
    groups.into_iter().flatten().collect()
}
