//! What can happen to a partition that a reader of the rollups must know of: one closed list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something that happened, by name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Incident {
    /// A lane was told to go on without the state of its devices: what it counted on that day and
    /// in that week is not whole, and is withheld.
    StateLost = 0,
    /// A lane was told to go on though raw records were gone before they were counted.
    RawLost = 1,
    /// Landing was told to go on though stripped records were gone before they were landed.
    StrippedLost = 2,
}

/// Several incidents, each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Incidents(u8);

impl Incident {
    /// Every incident.
    pub const ALL: [Incident; 3] = [
        Incident::StateLost,
        Incident::RawLost,
        Incident::StrippedLost,
    ];

    /// The word for it, in stripped records and in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Incident::StateLost => "state_lost",
            Incident::RawLost => "raw_lost",
            Incident::StrippedLost => "stripped_lost",
        }
    }

    /// The incident of this name.
    pub fn named(name: &str) -> Option<Incident> {
        Incident::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

impl Incidents {
    /// Adds one.
    pub fn add(&mut self, incident: Incident) {
        self.0 |= 1 << incident as u8;
    }

    /// Whether one is among them.
    pub fn has(self, incident: Incident) -> bool {
        self.0 & (1 << incident as u8) != 0
    }

    /// Whether nothing happened.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are among them.
    pub fn iter(self) -> impl Iterator<Item = Incident> {
        Incident::ALL.into_iter().filter(move |one| self.has(*one))
    }
}

impl FromIterator<Incident> for Incidents {
    fn from_iter<I: IntoIterator<Item = Incident>>(incidents: I) -> Incidents {
        let mut all = Incidents::default();
        incidents.into_iter().for_each(|incident| all.add(incident));
        all
    }
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Incident, Incidents};

    #[test]
    fn each_incident_is_found_by_its_name_and_kept_alone() {
        for incident in Incident::ALL {
            assert_eq!(Incident::named(incident.as_str()), Some(incident));
            let alone: Incidents = [incident, incident].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [incident]);
        }
        assert_eq!(Incident::named("something"), None);
    }
}
