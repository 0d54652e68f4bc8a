//! `kaiku doctor`: looks at everything that the stages need, and says what to do.

mod kafka;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use kaiku_aggregate::Probed;
use kaiku_broker::Cluster;
use kaiku_catalogue::Catalogue;
use kaiku_stage::Causes;

use crate::cli::{DoctorArgs, Global};
use crate::clock::clock;
use crate::config::{Part, Settings};
use crate::output::{self, Out};
use crate::stage::Stage;

use kafka::{look_at_kafka, look_at_registry};

/// What was looked at so far.
struct Findings {
    out: Out,
    wrong: usize,
}

impl Findings {
    fn ok(&mut self, subject: &str, text: &str) -> Result<()> {
        self.out.line(format!("ok      {subject:<10} {text}"))
    }

    /// Something that works, and that its operator should know of.
    fn note(&mut self, subject: &str, text: &str) -> Result<()> {
        self.out.line(format!("note    {subject:<10} {text}"))
    }

    fn wrong(&mut self, subject: &str, text: &str) -> Result<()> {
        self.wrong += 1;
        self.out.line(format!("WRONG   {subject:<10} {text}"))
    }

    /// Every sentence is wrong; where there is none, `fine` is said.
    fn judge(&mut self, subject: &str, sentences: &[String], fine: &str) -> Result<()> {
        if sentences.is_empty() {
            return self.ok(subject, fine);
        }
        sentences
            .iter()
            .try_for_each(|sentence| self.wrong(subject, sentence))
    }
}

/// Runs the verb: success only where nothing is wrong.
pub(crate) fn run(args: &DoctorArgs, global: &Global) -> Result<ExitCode> {
    let settings = Settings::read(global.config.as_deref())?;
    let stages = Stage::or_all(&args.stages);
    let runs = |stage| stages.contains(&stage);
    let mut findings = Findings {
        out: Out::new(),
        wrong: 0,
    };
    look_at_settings(&settings, stages, &mut findings)?;
    if runs(Stage::Enrich) || runs(Stage::Aggregate) {
        look_at_catalogue(&settings, &mut findings)?;
    }
    if runs(Stage::Gateway) {
        look_at_gateway(&settings.gateway, &mut findings)?;
    }
    if runs(Stage::Enrich) {
        look_at_keys(&settings.enrich, &mut findings)?;
    }
    if !args.settings_only {
        if runs(Stage::Aggregate) {
            look_at_stores(&settings, &mut findings)?;
        }
        // What is wrong with the settings of either was said with the others.
        if settings.problems(&[Part::Registry]).is_empty() {
            look_at_registry(&settings, &mut findings)?;
        }
        if let Ok(cluster) = Cluster::new(&settings.kafka) {
            look_at_kafka(&cluster, &settings, stages, &mut findings)?;
        }
    }
    let Findings { out, wrong } = findings;
    out.finish()?;
    match wrong {
        0 => output::note("everything is as it should be"),
        1 => output::note("one thing is wrong"),
        _ => output::note(&format!("{wrong} things are wrong")),
    }
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn look_at_settings(settings: &Settings, stages: &[Stage], findings: &mut Findings) -> Result<()> {
    let mut parts = vec![Part::Kafka, Part::Topics, Part::Registry, Part::Telemetry];
    parts.extend(stages.iter().map(|stage| stage.part()));
    let problems: Vec<_> = settings
        .problems(&parts)
        .iter()
        .map(ToString::to_string)
        .collect();
    findings.judge("settings", &problems, "every section can be used")?;
    if settings.kafka.insecure {
        findings.note(
            "settings",
            "kafka.insecure is set: identities may cross the network in clear; never set it where \
             people's data flows",
        )?;
    }
    if settings.topics.replication == 1 {
        findings.note(
            "settings",
            "topics.replication is 1: a broker that is lost takes its records with it; take 3",
        )?;
    }
    Ok(())
}

/// Has the gateway read its files, and looks who else may read or write them, and whether the system
/// lets it have as many connections as it is to have.
fn look_at_gateway(config: &kaiku_gateway::Config, findings: &mut Findings) -> Result<()> {
    let tls = config.tls.as_ref();
    let files = [
        ("gateway.tokens_file", config.tokens_file.as_deref(), true),
        ("gateway.keys_file", config.keys_file.as_deref(), false),
        (
            "gateway.switches_file",
            config.switches_file.as_deref(),
            false,
        ),
        (
            "gateway.tls.cert_file",
            tls.map(|tls| tls.cert_file.as_path()),
            false,
        ),
        (
            "gateway.tls.key_file",
            tls.map(|tls| tls.key_file.as_path()),
            true,
        ),
    ];
    let named = files.into_iter().filter_map(|(name, file, is_secret)| {
        let file = file?;
        Some((name, file, is_secret))
    });
    let mut wrong: Vec<String> = config
        .unusable_files()
        .iter()
        .map(|error| Causes(error).to_string())
        .collect();
    for (name, file, is_secret) in named {
        wrong.extend(open_to_others(name, file, is_secret));
    }
    findings.judge("gateway", &wrong, "its files can be used, and are its own")?;
    let connections = config.limits.connections;
    let few = kaiku_gateway::too_few_files(connections).map(|room| {
        format!(
            "the limit of open files leaves room for {room} connections, and \
             gateway.limits.connections is {connections}: raise the hard limit (ulimit -Hn, \
             LimitNOFILE), or lower the setting"
        )
    });
    findings.judge(
        "gateway",
        few.as_slice(),
        &format!("there is room for {connections} connections"),
    )
}

/// What is wrong with the rights on a file: whoever may write it decides who may send.
fn open_to_others(name: &str, file: &Path, is_secret: bool) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(file).ok()?.permissions().mode();
    let shown = file.display();
    if mode & 0o002 != 0 {
        return Some(format!(
            "{name} ({shown}) may be written by every user of this machine: chmod o-w {shown}"
        ));
    }
    (is_secret && mode & 0o004 != 0).then(|| {
        format!("{name} ({shown}) may be read by every user of this machine: chmod o= {shown}")
    })
}

fn look_at_catalogue(settings: &Settings, findings: &mut Findings) -> Result<()> {
    let problems = settings.catalogue.problems();
    // What can't be read is told below.
    if let Some(Ok(catalogue)) = settings.catalogue.dir.as_deref().map(Catalogue::load) {
        for line in catalogue.warnings(clock().today(), super::catalogue::SOON) {
            findings.note("catalogue", &line)?;
        }
    }
    match &settings.catalogue.dir {
        Some(dir) => findings.judge(
            "catalogue",
            &problems,
            &format!("{} can be read", dir.display()),
        ),
        None => findings.note(
            "catalogue",
            "the built-in sample is used: set catalogue.dir to the folder of your own apps",
        ),
    }
}

fn look_at_keys(config: &kaiku_enrich::Config, findings: &mut Findings) -> Result<()> {
    let dir = config.keys_dir.as_path();
    let shown = dir.display();
    if !dir.is_dir() {
        if !config.create_keys {
            // Said with the settings.
            return Ok(());
        }
        return findings.note(
            "keys",
            &format!("{shown} does not exist yet: enrich makes it where no key was made before"),
        );
    }
    let open = readable_by_others(dir);
    findings.judge(
        "keys",
        &open,
        &format!("{shown} is there, and nobody else may read it"),
    )?;
    if config.create_keys {
        let probe = probe(dir).err().map(|error| {
            format!("{shown} can't be written ({error}): give this user the right, or make the keys by hand and set enrich.create_keys = false")
        });
        findings.judge("keys", probe.as_slice(), &format!("{shown} can be written"))?;
    }
    Ok(())
}

/// Sentences about the folder and its files that are open to others than their owner's group.
fn readable_by_others(dir: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;
    let entries = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let keys = entries.filter(|path| path.extension().is_some_and(|ending| ending == "key"));
    keys.filter_map(|path| {
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        let path = path.display();
        (mode & 0o007 != 0)
            .then(|| format!("{path} may be read by every user of this machine: chmod o= {path}"))
    })
    .collect()
}

/// Makes a file in a folder, and takes it away again.
fn probe(dir: &Path) -> std::io::Result<()> {
    tempfile::Builder::new()
        .prefix(".kaiku-doctor-")
        .tempfile_in(dir)?
        .close()
}

fn look_at_stores(settings: &Settings, findings: &mut Findings) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let probe = format!("{:016x}", rand::random::<u64>());
    for (name, place, tried) in runtime.block_on(settings.aggregate.probe_stores(&probe)) {
        match tried {
            Ok(Probed::Good) => findings.ok(
                "stores",
                &format!("{name} ({place}) can be written, and keeps what was written first"),
            )?,
            Ok(Probed::ToBeMade) => findings.note(
                "stores",
                &format!("{name} ({place}) does not exist yet: aggregate makes it"),
            )?,
            Ok(Probed::Overwrites) => findings.wrong(
                "stores",
                &format!(
                    "{name} ({place}) lets an object be overwritten: take a store with conditional puts"
                ),
            )?,
            Err(error) => findings.wrong(
                "stores",
                &match error {
                    // It says itself what to do.
                    kaiku_aggregate::Error::Place { .. } => format!("{name}: {error}"),
                    error => format!(
                        "{name} ({place}): {}: give this user the right to write and delete there",
                        Causes(&error)
                    ),
                },
            )?,
        }
    }
    Ok(())
}
