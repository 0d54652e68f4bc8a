//! `kaiku verify`: whether what is published is what was sealed.

use std::process::ExitCode;

use anyhow::{Result, bail};
use kaiku_aggregate::{Expected, Price, Rollups, Verified};

use crate::cli::{Format, VerifyArgs};
use crate::output::{Out, columns, note};

/// Runs the verb: 0 where nothing is wrong, 1 where something is.
pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode> {
    for (name, value) in [("--head", &args.head), ("--key", &args.key)] {
        let is_hex =
            |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if value.as_ref().is_some_and(|value| !is_hex(value)) {
            bail!("{name} takes 64 hexadecimal digits");
        }
    }
    let expected = Expected {
        head: args.head.clone(),
        key: args.key.as_ref().map(|key| key.to_ascii_lowercase()),
    };
    let rollups = Rollups::open_to_read(&args.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found = runtime.block_on(kaiku_aggregate::verify(&rollups, &expected))?;
    let mut out = Out::new();
    match args.format {
        Format::Json => out.line(serde_json::to_string_pretty(&found)?)?,
        Format::Text => text(&found, &mut out)?,
    }
    out.finish()?;
    if found.periods == 0 {
        note(&format!(
            "no manifest is in {}: is it the folder of the rollups, and was anything sealed yet?",
            args.dir
        ));
    }
    Ok(ExitCode::from(u8::from(!found.problems.is_empty())))
}

fn text(found: &Verified, out: &mut Out) -> Result<()> {
    // Names and texts are those of whoever wrote the folder: nothing of them steers a terminal.
    let plain = |text: String| text.replace(char::is_control, "?");
    for problem in &found.problems {
        out.line(format!("WRONG    {}", plain(problem.to_string())))?;
    }
    for unknown in &found.unknown {
        out.line(format!("unknown  {}", plain(unknown.clone())))?;
    }
    let none = || "none".to_owned();
    let price = |price: Option<Price>| {
        price.map_or_else(none, |price| {
            format!("rho {:.6}, from {}", price.rho, price.first_day)
        })
    };
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let rows = [
        row("periods", found.periods.to_string()),
        row(
            "files",
            format!("{} that are as they were published", found.files),
        ),
        row("rows", found.rows.to_string()),
        row("dearest week", price(found.dearest_week)),
        row("dearest 28 days", price(found.dearest_28_days)),
        row("key", found.key.clone().unwrap_or_else(none)),
        row("head", found.head.clone().unwrap_or_else(none)),
    ];
    for line in columns(&rows) {
        out.line(line)?;
    }
    out.line(match found.problems.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 thing is wrong".to_owned(),
        more => format!("{more} things are wrong"),
    })
}
