//! `kaiku export`: the rollups as CSV.

use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use kaiku_aggregate::{Rollups, Selection};

use crate::cli::ExportArgs;
use crate::output::note;

/// Runs the verb.
pub(crate) fn run(args: &ExportArgs) -> Result<ExitCode> {
    let selection = Selection {
        table: args.table.clone(),
        app: args.app.clone(),
        from: args.from,
        to: args.to,
    };
    let rollups = Rollups::open_to_read(&args.dir)?;
    let out: Box<dyn Write> = match args.output.as_str() {
        "-" => Box::new(io::stdout().lock()),
        file => Box::new(Output {
            path: file.to_owned(),
            file: None,
        }),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match runtime.block_on(kaiku_aggregate::export(&rollups, &selection, out)) {
        Ok(rows) => note(&format!("{rows} rows")),
        Err(error) if is_closed(&error) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// A file that is made when its first bytes are written: where nothing is, what stood there stays.
struct Output {
    path: String,
    file: Option<File>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::create(&self.path)?,
        };
        self.file.insert(file).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

/// Whether nobody reads what is written any more (`kaiku export … | head`).
fn is_closed(error: &kaiku_aggregate::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        let broken = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
        if broken {
            return true;
        }
        source = error.source();
    }
    false
}
