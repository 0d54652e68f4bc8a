//! `kaiku gateway`, `enrich`, `aggregate` and `run`: one stage, or all of them in one process.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use kaiku_broker::{Admin, Cluster, Scope};
use kaiku_catalogue::Catalogue;
use kaiku_gateway::{Gateway, Trouble};
use kaiku_ingest::Producer;
use kaiku_registry::Registry;
use kaiku_stage::{Causes, Context, Readiness};

use super::topics;
use crate::cli::{AcceptArgs, Global, LandingArgs};
use crate::clock::clock;
use crate::config::{Part, Settings};
use crate::service::Service;
use crate::shutdown::Signals;
use crate::stage::Stage;
use crate::telemetry::{self, Health, Listener, Metrics};

/// How long the gateway's last records get to be delivered, once its requests are answered.
const LAST_RECORDS: Duration = Duration::from_secs(5);

/// What is asked of this start alone.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Make the topics that are missing first.
    pub(crate) create_topics: bool,
    pub(crate) accept: kaiku_enrich::Accept,
    pub(crate) landing: kaiku_aggregate::Accept,
}

impl Options {
    /// To go on without what is missing.
    pub(crate) fn accept(args: AcceptArgs) -> Options {
        Options {
            accept: kaiku_enrich::Accept {
                gaps: args.gaps.into_iter().collect(),
                lost_state: args.lost_state.into_iter().collect(),
                cuts: args.cuts.into_iter().collect(),
                rejects: args.rejects.into_iter().collect(),
            },
            ..Options::default()
        }
    }

    /// The same of landing.
    pub(crate) fn land(mut self, args: LandingArgs) -> Options {
        self.landing.gaps = args.landing_gaps.into_iter().collect();
        self.landing.rejects = args.stripped_rejects.into_iter().collect();
        self
    }
}

/// Runs these stages until a signal.
pub(crate) fn run(global: &Global, stages: &[Stage], options: &Options) -> Result<ExitCode> {
    let mut parts = vec![
        Part::Kafka,
        Part::Topics,
        Part::Registry,
        Part::Catalogue,
        Part::Telemetry,
    ];
    parts.extend(stages.iter().map(|stage| stage.part()));
    let mut settings = global.settings(&parts)?;
    settings.enrich.accept.clone_from(&options.accept);
    settings.aggregate.accept.clone_from(&options.landing);
    telemetry::start_logs(&settings.telemetry)?;
    let metrics = Metrics::start()?;
    let context = context(&settings)?;
    if options.create_topics {
        topics::create(&context.cluster, &context.topics)?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let ended = runtime.block_on(serve(stages, &settings, &context, metrics));
    // What has not ended within the grace period is left behind.
    runtime.shutdown_background();
    ended
}

/// What every stage of this process is given.
fn context(settings: &Settings) -> Result<Context> {
    let cluster = Cluster::new(&settings.kafka)?;
    let catalogue = catalogue(settings)?;
    let registry = settings.registry.as_ref().map(Registry::new).transpose();
    let registry = registry.context("preparing to ask the schema registry")?;
    Ok(Context {
        registry: registry.map(Arc::new),
        clock: clock(),
        ..Context::new(cluster, settings.topics.clone(), catalogue)
    })
}

async fn serve(
    stages: &[Stage],
    settings: &Settings,
    context: &Context,
    metrics: Metrics,
) -> Result<ExitCode> {
    let signals = Signals::listen()?;
    let health = Health::default();
    if settings.telemetry.serve {
        let address = settings.telemetry.listen;
        let listener = Listener::bind(address, metrics, health.clone()).await?;
        if let Some(address) = listener.address() {
            tracing::info!(%address, "serving metrics and health");
        }
        tokio::spawn(listener.serve());
    }
    let mut service = Service::new(health, context.shutdown.clone());
    for stage in stages {
        match stage {
            Stage::Gateway => gateway(settings, context, &mut service).await?,
            Stage::Enrich => enrich(settings, context, &mut service)?,
            Stage::Aggregate => aggregate(settings, context, &mut service)?,
        }
    }
    tracing::info!(?stages, version = env!("KAIKU_VERSION"), "started");
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

async fn gateway(settings: &Settings, context: &Context, service: &mut Service) -> Result<()> {
    let config = &settings.gateway;
    let has_answered = check_raw(context).await?;
    // With a registry it asks that for the ids of the schemas, and blocks for it.
    let started = tokio::task::block_in_place(|| {
        let registry = context.registry.as_deref();
        let producer = config.producer();
        Producer::start_on(&context.cluster, &context.topics, registry, &producer)
            .context("starting the gateway's producer")
    });
    let producer = started?;
    let bound = Gateway::bind(config, Arc::new(producer.clone())).await;
    let gateway = bound.context("starting the gateway")?;
    // Where history is replayed no record can be made that asks for nothing but an answer.
    if !has_answered && !context.topics.replay {
        gateway.doubt();
    }
    service.ready_when("gateway", readiness(gateway.trouble()));
    let (shutdown, trouble) = (context.shutdown.clone(), gateway.trouble());
    service.task("gateway", async move {
        gateway.serve(shutdown).await;
        match producer.close(LAST_RECORDS).await {
            // Kafka was away: devices were told to keep what they have, and the rest are the
            // gateway's own questions whether it is back.
            Err(kaiku_ingest::Error::Undelivered(_)) if trouble.borrow().is_some() => Ok(()),
            closed => closed.context("waiting for the last records"),
        }
    });
    Ok(())
}

/// How long the gateway waits to hear what its topic is like.
const LOOK: Duration = Duration::from_secs(5);

/// What the gateway says of its being at work, as every stage says it.
fn readiness(mut trouble: tokio::sync::watch::Receiver<Trouble>) -> Readiness {
    let readiness = Readiness::default();
    // It has no partition of its own: it is one door for all of them.
    readiness.works(0);
    let told = readiness.clone();
    tokio::spawn(async move {
        loop {
            let now = *trouble.borrow_and_update();
            told.set_trouble(now.map(str::to_owned));
            if trouble.changed().await.is_err() {
                return;
            }
        }
    });
    readiness
}

/// Refuses a topic that is not as it must be. A broker that is away, or that does not let the
/// gateway look, keeps it from nothing: devices are answered 503 until it takes records. Tells
/// whether the broker has answered.
async fn check_raw(context: &Context) -> Result<bool> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let (cluster, topics) = (context.cluster.clone(), context.topics.clone());
    // A thread of its own: where the broker is away it asks for longer than anybody waits, and it
    // may not hold up the end of the process.
    std::thread::spawn(move || {
        let checked =
            Admin::connect(&cluster).and_then(|admin| admin.check(&topics, Scope::Ingest, &[]));
        // Nobody listens any more where it took too long.
        let _ = tell.send(checked);
    });
    match tokio::time::timeout(LOOK, told).await {
        Ok(Ok(Ok(wrong))) if wrong.is_empty() => Ok(true),
        Ok(Ok(Ok(wrong))) => bail!("the topics are not as they must be: {}", wrong.join("; ")),
        Ok(Ok(Err(error @ kaiku_broker::Error::Plaintext(_)))) => Err(error.into()),
        Ok(Ok(Err(error))) => {
            tracing::warn!(error = %Causes(&error), "the topics could not be checked");
            Ok(false)
        }
        Ok(Err(_)) | Err(_) => {
            tracing::warn!("the topics could not be checked: the broker does not answer");
            Ok(false)
        }
    }
}

fn enrich(settings: &Settings, context: &Context, service: &mut Service) -> Result<()> {
    let (config, context) = (settings.enrich.clone(), context.clone());
    let progress = kaiku_enrich::Progress::default();
    service.ready_when("enrich", progress.readiness().clone());
    service.thread("enrich", move || {
        kaiku_enrich::run(config, context, progress).context("stripping events of their identity")
    })
}

fn aggregate(settings: &Settings, context: &Context, service: &mut Service) -> Result<()> {
    let (config, context) = (settings.aggregate.clone(), context.clone());
    let progress = kaiku_aggregate::Progress::default();
    service.ready_when("aggregate", progress.readiness().clone());
    service.thread("aggregate", move || {
        kaiku_aggregate::run(config, context, progress).context("landing and sealing")
    })
}
