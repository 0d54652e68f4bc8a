//! Writes rollups of simulated devices: `cargo run -p kaiku-history --example history -- FOLDER DAYS [APPS] [POLICY]`.

use anyhow::{Context, Result, bail};
use kaiku_history::History;
use kaiku_release::Policy;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("name a folder")?;
    let days = args
        .next()
        .context("say how many days")?
        .parse()
        .context("how many days")?;
    let apps: usize = args
        .next()
        .map_or(Ok(3), |apps| apps.parse())
        .context("how many apps")?;
    let mut history = History::of_days(days);
    history.names = history.names.with_apps(apps);
    history.policies = match args.next().as_deref() {
        None | Some("small") => vec![(0, Policy::small())],
        // A fleet of the size that this policy is for.
        Some("default") => {
            history.devices = 100_000;
            vec![(0, Policy::default_policy())]
        }
        Some(other) => bail!("there is no policy {other} here: small or default"),
    };
    history.write(folder.as_ref())
}
