//! Which partitions of a topic a consumer group has given to its members, asked without joining it.

use std::collections::BTreeSet;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::Admin;
use crate::cluster::Isolation;
use crate::error::Error;

/// Who shares the partitions of a topic at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners {
    /// The members of the group.
    pub members: usize,
    /// The partitions that a member has; `None` while they are shared out anew.
    pub partitions: Option<BTreeSet<i32>>,
}

impl Admin {
    /// The members of a group and their partitions of a topic; none of either where nobody is in it.
    ///
    /// # Errors
    /// Brokers that don't answer, or don't let this user see the group.
    pub fn owners(&self, group: &str, topic: &str) -> Result<Owners, Error> {
        let listed = self
            .client
            .inner()
            .fetch_group_list(Some(group), self.request);
        let failed = |source| Error::Group {
            group: group.to_owned(),
            source,
        };
        let listed = listed.map_err(failed)?;
        let Some(found) = listed.groups().iter().find(|one| one.name() == group) else {
            // One that this user may not see is left out of the list without a word.
            self.ask_for_offset(group, topic).map_err(failed)?;
            return Ok(Owners::of_nobody());
        };
        // Of one that may be listed and not looked into nothing is told, nor of one whose coordinator is new.
        if found.state().is_empty() {
            self.ask_for_offset(group, topic).map_err(failed)?;
            let code = RDKafkaErrorCode::CoordinatorLoadInProgress;
            return Err(failed(KafkaError::GroupListFetch(code)));
        }
        let members = found.members();
        let is_settled = matches!(found.state(), "Stable" | "Empty" | "Dead");
        let partitions = is_settled.then(|| {
            let given = members.iter().filter_map(|member| member.assignment());
            given
                .flat_map(|bytes| partitions_of(topic, bytes))
                .collect()
        });
        Ok(Owners {
            members: members.len(),
            partitions,
        })
    }

    /// Asks for an offset of the group, which it may have or not.
    fn ask_for_offset(&self, group: &str, topic: &str) -> Result<(), KafkaError> {
        let mut reader = self.cluster.reader("owners", Isolation::Uncommitted);
        let reader: BaseConsumer = reader.set("group.id", group).create()?;
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic, 0);
        let answer = reader.committed_offsets(asked, self.request)?;
        answer.elements().iter().try_for_each(|one| one.error())
    }
}

impl Owners {
    fn of_nobody() -> Owners {
        Owners {
            members: 0,
            partitions: Some(BTreeSet::new()),
        }
    }

    /// Whether a member has this partition; `None` where nobody can say.
    pub fn has(&self, partition: i32) -> Option<bool> {
        let partitions = self.partitions.as_ref()?;
        Some(partitions.contains(&partition))
    }
}

/// The partitions of a topic in what Kafka's consumer protocol gives to a member: a version, then the
/// topics, each with its partitions. What can't be read is none.
fn partitions_of(topic: &str, assignment: &[u8]) -> Vec<i32> {
    read(topic, assignment).unwrap_or_default()
}

fn read(topic: &str, assignment: &[u8]) -> Option<Vec<i32>> {
    let mut rest = assignment.get(2..)?;
    let mut found = Vec::new();
    for _ in 0..take_i32(&mut rest)? {
        let name = take_text(&mut rest)?;
        let is_ours = name == topic.as_bytes();
        for _ in 0..take_i32(&mut rest)? {
            let partition = take_i32(&mut rest)?;
            if is_ours {
                found.push(partition);
            }
        }
    }
    Some(found)
}

fn take_i32(rest: &mut &[u8]) -> Option<i32> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    *rest = tail;
    Some(i32::from_be_bytes(*head))
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_first_chunk::<2>()?;
    let length = usize::try_from(i16::from_be_bytes(*head)).ok()?;
    let (text, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assignment() -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0, 0, 2];
        for (topic, partitions) in [("events.raw", &[0_i32, 3][..]), ("other", &[1])] {
            bytes.extend([0, u8::try_from(topic.len()).unwrap_or(0)]);
            bytes.extend(topic.as_bytes());
            bytes.extend([0, 0, 0, u8::try_from(partitions.len()).unwrap_or(0)]);
            bytes.extend(partitions.iter().flat_map(|one| one.to_be_bytes()));
        }
        bytes.extend((-1_i32).to_be_bytes());
        bytes
    }

    #[test]
    fn the_partitions_of_the_topic_are_found_among_those_of_others() {
        assert_eq!(partitions_of("events.raw", &assignment()), [0, 3]);
        assert_eq!(partitions_of("other", &assignment()), [1]);
        assert_eq!(partitions_of("events.stripped", &assignment()), [0; 0]);
    }

    #[test]
    fn what_is_cut_short_is_no_partition() {
        let whole = assignment();
        for end in 0..whole.len() - 4 {
            assert_eq!(partitions_of("events.raw", &whole[..end]), [0; 0], "{end}");
        }
    }

    #[test]
    fn while_they_are_shared_out_nobody_can_say_who_has_a_partition() {
        assert_eq!(Owners::default().has(0), None);
        assert_eq!(Owners::of_nobody().has(0), Some(false));
    }
}
