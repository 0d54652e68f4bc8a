//! Writes rollups of simulated devices: `cargo run -p kaiku-history --example history -- FOLDER DAYS [APPS]`.

use anyhow::{Context, Result};
use kaiku_history::History;

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
    history.write(folder.as_ref())
}
