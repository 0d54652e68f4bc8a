//! How many connections the limit of open files has room for.

use rlimit::Resource;

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
    let (soft, hard) = limits();
    let raised = wanted.min(hard);
    let is_raised = soft < wanted && Resource::NOFILE.set(raised, hard).is_ok();
    let has = if is_raised { raised } else { soft };
    let room = usize::try_from(has).unwrap_or(usize::MAX);
    connections.min(room.saturating_sub(TOLD + OTHERS).max(1))
}

/// How many connections the hard limit of open files has room for, where that is fewer than asked
/// for.
pub fn too_few_files(connections: usize) -> Option<usize> {
    let hard = usize::try_from(limits().1).unwrap_or(usize::MAX);
    (hard < needed(connections)).then(|| hard.saturating_sub(TOLD + OTHERS))
}

/// The soft and the hard limit of open files; where the system does not tell, as low as they get.
fn limits() -> (u64, u64) {
    Resource::NOFILE.get().unwrap_or((1024, 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_is_needed_and_no_more_is_promised_than_there_is() {
        let room = make_room(400);
        let (soft, hard) = limits();
        assert!(soft >= u64::try_from(needed(400)).unwrap_or(0).min(hard));
        assert!(room <= 400);
        assert_eq!(too_few_files(1), None);
        let most = 1 << 40;
        assert!(hard == u64::MAX || make_room(most) < most);
    }
}
