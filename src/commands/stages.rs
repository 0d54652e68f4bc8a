//! `kaiku gateway`, `enrich`, `aggregate` and `run`: one stage, or all of them in one process.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use kaiku_catalogue::Catalogue;
use kaiku_gateway::Gateway;
use kaiku_ingest::Producer;
use kaiku_registry::Registry;

use super::{load, topics};
use crate::cli::{AcceptArgs, Global};
use crate::config::{Part, Settings};
use crate::service::Service;
use crate::shutdown::Signals;
use crate::telemetry::{self, Health, Listener, Metrics};

/// How long the gateway's last records get to be delivered, once its requests are answered.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// A stage of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// HTTPS to `events.raw`.
    Gateway,
    /// `events.raw` to `events.stripped`.
    Enrich,
    /// `events.stripped` to rollups.
    Aggregate,
}

impl Stage {
    /// Every stage, in the order in which data flows.
    pub(crate) const ALL: [Stage; 3] = [Stage::Gateway, Stage::Enrich, Stage::Aggregate];

    /// Its section of the settings.
    pub(crate) fn part(self) -> Part {
        match self {
            Stage::Gateway => Part::Gateway,
            Stage::Enrich => Part::Enrich,
            Stage::Aggregate => Part::Aggregate,
        }
    }
}

/// What is asked of this start alone.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Make the topics that are missing first.
    pub(crate) create_topics: bool,
    pub(crate) accept: kaiku_enrich::Accept,
}

impl Options {
    /// To go on without what is missing.
    pub(crate) fn accept(args: AcceptArgs) -> Options {
        Options {
            accept: kaiku_enrich::Accept {
                gaps: args.gaps.into_iter().collect(),
                lost_state: args.lost_state.into_iter().collect(),
            },
            ..Options::default()
        }
    }
}

/// Runs these stages until a signal.
pub(crate) fn run(global: &Global, stages: &[Stage], options: &Options) -> Result<ExitCode> {
    let mut parts = vec![Part::Kafka, Part::Topics, Part::Catalogue, Part::Telemetry];
    parts.extend(stages.iter().map(|stage| stage.part()));
    let mut settings = load(global, &parts)?;
    settings.enrich.accept.clone_from(&options.accept);
    telemetry::start_logs(&settings.telemetry)?;
    let metrics = Metrics::start()?;
    let catalogue = catalogue(&settings)?;
    if options.create_topics {
        topics::create(&settings)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let ended = runtime.block_on(serve(stages, &settings, catalogue, metrics));
    // What has not ended within the grace period is left behind.
    runtime.shutdown_background();
    ended
}

async fn serve(
    stages: &[Stage],
    settings: &Settings,
    catalogue: Arc<Catalogue>,
    metrics: Metrics,
) -> Result<ExitCode> {
    let signals = Signals::listen()?;
    let health = Health::default();
    if settings.telemetry.serve {
        let address = settings.telemetry.listen;
        let listener = Listener::bind(address, metrics, health.clone()).await?;
        tracing::info!(address = ?listener.address(), "serving metrics and health");
        tokio::spawn(listener.serve());
    }
    let mut service = Service::new(health);
    for stage in stages {
        match stage {
            Stage::Gateway => gateway(settings, &mut service).await?,
            Stage::Enrich => enrich(settings, &catalogue, &mut service)?,
            Stage::Aggregate => aggregate(settings, &catalogue, &mut service)?,
        }
    }
    tracing::info!(?stages, version = env!("CARGO_PKG_VERSION"), "started");
    service.run_until_stopped(signals).await
}

fn catalogue(settings: &Settings) -> Result<Arc<Catalogue>> {
    if settings.catalogue.dir.is_none() {
        tracing::warn!("the built-in sample catalogue is used: set catalogue.dir to your own");
    }
    let problems = |problems: Vec<String>| anyhow!("{}", problems.join("; "));
    settings
        .catalogue
        .load()
        .map_err(problems)
        .context("reading the catalogue")
}

async fn gateway(settings: &Settings, service: &mut Service) -> Result<()> {
    let config = &settings.gateway;
    let registry = registry(settings)?;
    // With a registry it asks for the ids of the schemas, and blocks for that.
    let started = tokio::task::block_in_place(|| {
        Producer::start(&settings.kafka, registry.as_ref(), &config.producer())
    });
    let producer = started.context("starting the gateway's producer")?;
    let bound = Gateway::bind(config, Arc::new(producer.clone())).await;
    let gateway = bound.context("starting the gateway")?;
    let shutdown = service.shutdown();
    service.task("gateway", async move {
        gateway.serve(shutdown).await;
        producer
            .close(LAST_RECORDS)
            .await
            .context("waiting for the last records")
    });
    Ok(())
}

fn enrich(settings: &Settings, catalogue: &Arc<Catalogue>, service: &mut Service) -> Result<()> {
    let config = settings.enrich.clone();
    let kafka = settings.kafka.clone();
    let registry = settings.registry.clone();
    let catalogue = catalogue.clone();
    let progress = Arc::new(kaiku_enrich::Progress::default());
    let shutdown = service.shutdown();
    service.ready_when({
        let progress = progress.clone();
        move || progress.is_ready()
    });
    service.thread("enrich", move || {
        kaiku_enrich::run(config, kafka, registry, catalogue, progress, shutdown)
            .context("stripping events of their identity")
    })
}

fn aggregate(settings: &Settings, catalogue: &Arc<Catalogue>, service: &mut Service) -> Result<()> {
    let config = settings.aggregate.clone();
    let kafka = settings.kafka.clone();
    let registry = registry(settings)?;
    let catalogue = catalogue.clone();
    let progress = kaiku_aggregate::Progress::new();
    let shutdown = service.shutdown();
    service.ready_when({
        let progress = progress.clone();
        move || progress.partitions() > 0 && progress.problems().is_empty()
    });
    service.thread("aggregate", move || {
        kaiku_aggregate::run(config, kafka, registry, catalogue, progress, &shutdown)
            .context("landing and sealing")
    })
}

fn registry(settings: &Settings) -> Result<Option<Registry>> {
    let registry = settings.registry.as_ref().map(Registry::new).transpose();
    registry.context("preparing to ask the schema registry")
}
