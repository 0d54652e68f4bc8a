//! A history, day by day, and its weeks.

use std::path::Path;

use anyhow::{Context, Result};
use kaiku_aggregate::{
    ManifestIncident, Rollups, Signer, Simulated, SimulatedPeriod, WithheldReason,
};
use kaiku_catalogue::Catalogue;
use kaiku_release::{Period, Policy};
use kaiku_wire::Day;

use crate::cells::{Names, cells};

/// What a history is made of.
#[derive(Clone, Debug)]
pub struct History {
    /// The first day.
    pub first: Day,
    /// How many days.
    pub days: u32,
    /// Devices of the largest app on a day; the others have fewer.
    pub devices: u32,
    /// Another one makes other noise.
    pub seed: u64,
    /// The policy, by its name, from which day of the history on.
    pub policies: Vec<(u32, Policy)>,
    /// The apps, and the values of all dimensions.
    pub names: Names,
    /// Days that are not sealed, and no week with them, by their number.
    pub unsealed: Vec<u32>,
    /// Tables that are withheld on a day or for the week that begins on it, by the number of the day.
    pub withheld: Vec<(u32, String, WithheldReason)>,
    /// What happened on a day.
    pub incidents: Vec<(u32, ManifestIncident)>,
    /// What is otherwise from a day on.
    pub changes: Vec<Change>,
}

/// A true change: from a day on, a value of a table has other counts.
#[derive(Clone, Debug)]
pub struct Change {
    /// From which day of the history on.
    pub from: u32,
    /// The table.
    pub table: String,
    /// The values of its dimensions, the app first; an empty text is any.
    pub dims: Vec<String>,
    /// By how much its devices grow.
    pub devices: f64,
    /// By how much its parts, such as crashed devices, grow.
    pub parts: f64,
}

impl History {
    /// One of so many days, from a Monday on, under the policy `small`.
    pub fn of_days(days: u32) -> History {
        History {
            first: Day::parse("2025-10-27").unwrap_or(Day::MIN),
            days,
            devices: 20_000,
            seed: 1,
            policies: vec![(0, Policy::small())],
            names: Names::of(&Catalogue::sample()),
            unsealed: Vec::new(),
            withheld: Vec::new(),
            incidents: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Writes it into a folder, which is made.
    ///
    /// # Errors
    /// Where the gate refuses, or the folder can't be written to.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.write_all(folder))
    }

    async fn write_all(&self, folder: &Path) -> Result<()> {
        let place = folder.to_str().context("the folder's name is no text")?;
        let rollups = Rollups::open(place, None)?;
        let signer = Signer::from_seed([7; 32]).context("the seed of the signer")?;
        let mut simulated = Simulated::open(rollups, signer, self.names.apps.clone()).await?;
        let mut sealed = Vec::new();
        for number in 0..self.days {
            if self.unsealed.contains(&number) {
                continue;
            }
            let day = self.first.plus(number);
            sealed.push(day);
            self.seal(&mut simulated, Period::Day(day), number).await?;
            let week = day.week();
            let is_whole = (0..7).all(|back| sealed.contains(&day.minus(back)));
            if day == week.sunday() && is_whole {
                self.seal(&mut simulated, Period::Week(week), number - 6)
                    .await?;
            }
        }
        let policy = self.policy(self.days)?;
        simulated.write_aids(policy, &Catalogue::sample()).await?;
        Ok(())
    }

    async fn seal(&self, simulated: &mut Simulated, period: Period, number: u32) -> Result<()> {
        let policy = self.policy(number)?;
        let tables = policy
            .tables()
            .iter()
            .filter(|table| table.unit() == period.unit());
        let withheld = self.withheld.iter().filter(|(day, table, _)| {
            *day == number
                && policy
                    .table(table)
                    .is_some_and(|table| table.unit() == period.unit())
        });
        let incidents = self.incidents.iter().filter(|(day, _)| *day == number);
        let made = SimulatedPeriod {
            cells: tables
                .map(|table| (table.name().to_owned(), cells(self, table, number)))
                .collect(),
            withheld: withheld
                .map(|(_, table, why)| (table.clone(), *why))
                .collect(),
            incidents: incidents.map(|(_, incident)| incident.clone()).collect(),
        };
        let key = blake3::hash(format!("{} {period}", self.seed).as_bytes());
        simulated
            .seal(period, policy, made, *key.as_bytes())
            .await?;
        Ok(())
    }

    fn policy(&self, number: u32) -> Result<&Policy> {
        let in_force = self.policies.iter().rev().find(|(from, _)| *from <= number);
        in_force
            .map(|(_, policy)| policy)
            .context("no policy is in force on that day")
    }
}
