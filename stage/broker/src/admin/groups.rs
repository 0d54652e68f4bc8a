//! Consumer groups that a run made for itself, and their end.

use std::time::Instant;

use futures::executor::block_on;
use rdkafka::types::RDKafkaErrorCode;

use super::{Admin, STEP};
use crate::error::{Error, refused};

impl Admin {
    /// The names of all consumer groups that begin with the prefix of the settings and that this user may
    /// see.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn groups(&self) -> Result<Vec<String>, Error> {
        let prefix = self.cluster.prefix();
        let listed = self.client.inner().fetch_group_list(None, self.request);
        let listed = listed.map_err(|source| Error::Group {
            group: format!("{prefix}*"),
            source,
        })?;
        let names = listed.groups().iter().map(|group| group.name().to_owned());
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// Deletes a consumer group with its offsets, once its last member is gone; one that does not exist is
    /// deleted already.
    ///
    /// # Errors
    /// Brokers that don't answer or refuse, and a group whose members stay.
    pub fn delete_group(&self, group: &str) -> Result<(), Error> {
        let failed = |source| Error::DeleteGroup {
            group: group.to_owned(),
            source,
        };
        let begin = Instant::now();
        loop {
            let asked = self.client.delete_groups(&[group], &self.limits());
            let answer = block_on(asked).map_err(failed)?;
            match answer.into_iter().find_map(Result::err) {
                None | Some((_, RDKafkaErrorCode::GroupIdNotFound)) => return Ok(()),
                // Whoever has just left is a member for a moment longer.
                Some((_, RDKafkaErrorCode::NonEmptyGroup)) if begin.elapsed() < self.request => {
                    std::thread::sleep(STEP * 4);
                }
                Some((_, code)) => return Err(failed(refused(code))),
            }
        }
    }
}
