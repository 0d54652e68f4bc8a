//! How many connections the limit of open files has room for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::seats::TOLD;

/// Files that are no connections of devices: Kafka's, the listeners', the log's.
const OTHERS: usize = 192;

/// The open files that this many connections may take.
pub(crate) fn needed(connections: usize) -> usize {
    connections.saturating_add(TOLD).saturating_add(OTHERS)
}

/// Raises this process's limit of open files to what the connections need, and tells for how many
/// of them there is room then. The usual limit of 1,024 is meant for programs that use `select`;
/// the hard limit is what the system allows.
pub(crate) fn make_room(connections: usize) -> usize {
    let wanted = u64::try_from(needed(connections)).unwrap_or(u64::MAX);
    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(u64::MAX);
    let hard = limit.maximum.unwrap_or(u64::MAX);
    let mut has = soft;
    if soft < wanted {
        let raised = Rlimit {
            current: Some(wanted.min(hard)),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            has = wanted.min(hard);
        }
    }
    let room = usize::try_from(has).unwrap_or(usize::MAX);
    connections.min(room.saturating_sub(TOLD + OTHERS).max(1))
}

/// How many connections the hard limit of open files has room for, where that is fewer than asked
/// for.
pub fn too_few_files(connections: usize) -> Option<usize> {
    let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    let hard = usize::try_from(hard).unwrap_or(usize::MAX);
    (hard < needed(connections)).then(|| hard.saturating_sub(TOLD + OTHERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_needed_and_no_more_is_promised_than_there_is() {
        let hard = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        let room = make_room(400);
        let soft = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!(soft >= u64::try_from(needed(400)).unwrap_or(0).min(hard));
        assert!(room <= 400);
        assert_eq!(too_few_files(1), None);
        let most = 1 << 40;
        assert!(hard == u64::MAX || make_room(most) < most);
    }
}
