//! Owns the only wiring: settings -> backends -> actors -> server. Called by `main` and by the
//! tests, which start the same server. Must not decide anything about the product.

mod serve;

use crate::{
    actors::{
        apps::{console_link::ConsoleLink, keeper::AppsKeeper},
        cluster::{
            bus_link::BusLink,
            census_link::{CensusLink, LEASE},
            log_pump::{LogPump, StopPump},
        },
        companion::desk::{ChatDesk, DeskHandle},
        delivery::courier::{QUEUE_CAPACITY, StopCourier, WebhookCourier},
        hub::Hub,
        scheduler::{Scheduler, StopScheduler},
        sockets::polling_session::PollingSessions,
    },
    backends::{
        BackendError,
        bus::{
            Bus,
            local::LocalBus,
            redis::{ProbeTimes, RedisBus},
        },
        cache::{Cache, local::LocalCache, redis::RedisCache},
        census::{Census, local::LocalCensus, redis::RedisCensus},
        companion::Companions,
        files, private_path,
        redis_link::RedisLink,
        store::Store,
        webhook_post::WebhookPost,
    },
    config::Config,
    demo,
    domain::{clock::Clock, ids::NodeId},
    http::sockets,
    services::{
        Context, ServiceError,
        apps::{manage, table::Apps, watched::WatchedApps},
        companion,
        files::sweep,
    },
    telemetry::{self, error_line},
    wire::signature::{SecretKey, to_hex},
};
use actix::{Actor, Addr, Arbiter};
use actix_server::ServerHandle;
use serve::{Parts, listen, serve_plain, serve_tls, tls_config};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};
use tokio::sync::mpsc;

/// Connections the kernel holds until the server accepts them: a school reconnects in a second.
const BACKLOG: i32 = 4096;
/// How long running requests may take once the sockets are closed, in seconds.
const REQUEST_GRACE_S: u64 = 5;
/// An hour in ms.
const HOUR_MS: i64 = 3_600_000;
/// Name of the setting in the database that holds the server's secret.
const SECRET_SETTING: &str = "server_secret";

/// Says why the server did not start, in one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A backend does not answer or does not work.
    #[error("{key}: {source}")]
    Backend {
        /// The setting that names it.
        key: &'static str,
        /// The backend's error.
        source: BackendError,
    },
    /// Demo data could not be written.
    #[error("demo data: {0}")]
    Demo(#[from] ServiceError),
    /// The unfinished answers of the companion could not be ended.
    #[error("database.url: {0}")]
    Companion(ServiceError),
    /// The connected apps could not be read.
    #[error("connected apps: {0}")]
    Apps(ServiceError),
    /// The address is taken, or a file is missing.
    #[error("{what}: {source}")]
    Io {
        /// The step that failed.
        what: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The certificate or key does not fit.
    #[error("http.tls_certificate: {0}")]
    Tls(String),
    /// Demo accounts with the published password must not face a network.
    #[error("--demo listens on loopback only, because its password is known; set demo.password to listen on {0}")]
    DemoOnNetwork(SocketAddr),
    /// The same, for demo accounts that an earlier start made.
    #[error(
        "{count} demo accounts ({first}, …) accept the published password, and {address} can be reached by others: set demo.password and start \
         once with --demo, or disable them"
    )]
    DemoPasswordOnNetwork {
        /// Address at which the server would have listened.
        address: SocketAddr,
        /// Login of one such account.
        first: String,
        /// Number of such accounts.
        count: usize,
    },
}

/// Options of a start that are not settings.
#[derive(Debug, Clone, Default)]
pub struct StartOptions {
    /// Write demo data, once, and serve the demo app.
    pub demo: bool,
    /// The clock of the whole server.
    pub clock: Clock,
    /// Serve an app with the key `echo` that sends every message back, for Autobahn|Testsuite. No
    /// setting and no argument turns it on, and a release build does not have it.
    #[cfg(debug_assertions)]
    pub echo: bool,
}

/// A running server.
pub struct Running {
    /// The address it listens at.
    pub address: SocketAddr,
    /// The context of its use cases.
    pub context: Context,
    hub: Hub,
    server: ServerHandle,
    /// The socket it listens at, so that [`Running::stop`] can close it before the server ends.
    listener: TcpListener,
    pump: Addr<LogPump>,
    desk: DeskHandle,
    companion_thread: Arbiter,
    courier: Addr<WebhookCourier>,
    /// The scheduler of this node. After [`StopScheduler`] only the other nodes do due work.
    pub scheduler: Addr<Scheduler>,
}

impl Running {
    /// Stops in order: listener, sockets and answers, pump, webhooks, scheduler, requests, store.
    pub async fn stop(self) {
        self.server.pause().await;
        self.refuse_connections();
        let over = Duration::from_secs(self.context.config.realtime.drain_s);
        futures_util::future::join(self.hub.drain(over), self.desk.stop(over)).await;
        self.companion_thread.stop();
        self.context.announce.await_census().await;
        if let Err(error) = self.context.census.leave().await {
            tracing::warn!(%error, "the other nodes are not told that this one stops; its lease will run out");
        }
        // A log pump that has ended has no lease to give back.
        let _ = self.pump.send(StopPump).await;
        // After the sockets, because their end still writes events for webhooks.
        let _ = self.courier.send(StopCourier).await;
        // Before the database closes, because due work would then fail and be logged as a failure.
        let _ = self.scheduler.send(StopScheduler).await;
        self.server.stop(true).await;
        self.context.store.close().await;
    }

    /// Makes the system refuse new connections. A paused server leaves them unanswered, so that a
    /// balancer would not pass the clients that were just sent away to another node.
    fn refuse_connections(&self) {
        // The accepting thread may pause late, meet the shut socket, and log an error.
        telemetry::expect_shut_listener();
        if let Err(error) = socket2::SockRef::from(&self.listener).shutdown(std::net::Shutdown::Both) {
            tracing::debug!(%error, "connections are not refused, they wait for the end");
        }
    }

    /// Returns the number of answers of the companion that are growing on this node.
    pub async fn live_answers(&self) -> usize {
        self.desk.count().await
    }

    /// Returns the number of open sockets.
    #[must_use]
    pub fn socket_count(&self) -> usize {
        self.hub.socket_count()
    }
}

/// Connects the backends that `config` names and migrates the database.
async fn open_backends(config: &Config) -> Result<(Store, SecretKey), StartError> {
    let io_error = |source| StartError::Io { what: format!("data_dir {}", config.data_dir.display()), source };
    private_path::make_folder(&config.data_dir).map_err(io_error)?;
    private_path::shut_others_out(&config.data_dir).map_err(io_error)?;
    let refused = |source| StartError::Backend { key: "database.url", source };
    let store = Store::connect(&config.database_url(), config.database.max_connections).await.map_err(refused)?;
    store.migrate().await.map_err(refused)?;
    let secret = if config.security.secret.is_empty() {
        let fresh = to_hex(&rand::random::<[u8; 32]>());
        store.setting_or_insert(SECRET_SETTING, &fresh).await.map_err(refused)?
    } else {
        config.security.secret.clone()
    };
    Ok((store, SecretKey::new(secret.as_bytes())))
}

type SharedState = (Arc<dyn Cache>, Arc<dyn Bus>, Arc<dyn Census>);

/// Connects the state that nodes share: in Redis with `redis.url`, else in process and database.
async fn open_shared_state(config: &Config, store: &Store, clock: &Clock) -> Result<SharedState, StartError> {
    let idle_ms = i64::try_from(config.security.session_idle_h).unwrap_or(i64::MAX / HOUR_MS).saturating_mul(HOUR_MS);
    if config.redis.url.is_empty() {
        let cache = LocalCache::new(store.clone(), clock.clone(), idle_ms);
        let bus: Arc<dyn Bus> = Arc::new(LocalBus::new());
        return Ok((Arc::new(cache), bus.clone(), Arc::new(LocalCensus::new(bus, clock.clone()))));
    }
    let refused = |source| StartError::Backend { key: "redis.url", source };
    let link = RedisLink::connect(&config.redis.url).await.map_err(refused)?;
    let cache = RedisCache::new(link.clone(), &config.redis.prefix, clock.clone(), idle_ms);
    let census = RedisCensus::new(link.clone(), &config.redis.prefix, NodeId::generate(), LEASE);
    let bus = RedisBus::join(link, &config.redis.prefix, ProbeTimes::default()).await.map_err(refused)?;
    Ok((Arc::new(cache), Arc::new(bus), Arc::new(census)))
}

/// Makes a context without a server around it, for the subcommands of the command line.
pub async fn open_context(config: Config) -> Result<Context, StartError> {
    let (context, _, _, _) = assemble(config, StartOptions::default()).await?;
    Ok(context)
}

type Assembled = (Context, Hub, Arc<dyn Bus>, mpsc::Receiver<crate::wire::envelope::Envelope>);

async fn assemble(config: Config, options: StartOptions) -> Result<Assembled, StartError> {
    let clock = options.clock;
    let (store, secret) = open_backends(&config).await?;
    let (cache, bus, census) = open_shared_state(&config, &store, &clock).await?;
    let files = files::connect(&config, &secret).map_err(|source| StartError::Backend { key: "data_dir", source })?;
    let timeout = Duration::from_secs(config.webhooks.timeout_s);
    let webhooks = WebhookPost::new(config.webhooks.allow_private_targets, timeout);
    let webhooks = webhooks.map_err(|source| StartError::Backend { key: "webhooks.timeout_s", source })?;
    let node = NodeId::generate();
    let watched = WatchedApps::new(clock.clone(), node);
    let (hub, outgoing) = Hub::new(bus.clone(), watched.clone());
    let announce = Arc::new(hub.clone());
    let companions = Companions::new(&config).map_err(|source| StartError::Backend { key: "openai.base_url", source })?;
    let config = Arc::new(config);
    let apps = Apps::load(&config, &secret, options.demo);
    #[cfg(debug_assertions)]
    let apps = if options.echo { apps.add_echo() } else { apps };
    let context = Context {
        config,
        store,
        cache,
        bus: bus.clone(),
        census,
        files,
        companions,
        node,
        webhooks,
        apps,
        started_at_ms: clock.now_ms(),
        watched,
        clock,
        announce,
        secret,
    };
    Ok((context, hub, bus, outgoing))
}

/// Starts everything and returns once connections are accepted. Needs a running actix system. Fails
/// with one line when a backend, the address or the certificate cannot be used.
pub async fn start(config: Config, options: StartOptions) -> Result<Running, StartError> {
    telemetry::metrics_handle();
    let listener = listen(&config)?;
    let address = listener.local_addr().map_err(|source| StartError::Io { what: "local address".to_owned(), source })?;
    if options.demo && !address.ip().is_loopback() && config.demo.password.is_empty() {
        return Err(StartError::DemoOnNetwork(address));
    }
    let tls = config.has_tls().then(|| tls_config(&config)).transpose()?;
    let (context, hub, bus, outgoing) = assemble(config, options.clone()).await?;
    manage::reload(&context).await.map_err(StartError::Apps)?;
    prepare_demo(&context, options.demo, address).await?;
    let link = BusLink::join(hub.clone(), context.clone(), &bus, outgoing).await;
    let link = link.map_err(|source| StartError::Backend { key: "database.url", source })?;
    let database_error = |error| StartError::Companion(error);
    companion::renew_node(&context).await.map_err(database_error)?;
    let interrupted = companion::recover(&context, |_| false).await.map_err(database_error)?;
    if interrupted > 0 {
        tracing::info!(answers = interrupted, "interrupted answers of an earlier start");
    }
    let census_link = CensusLink::join(hub.clone(), context.clone()).await;
    let census_link = census_link.map_err(|source| StartError::Backend { key: "redis.url", source })?;
    actix_web::rt::spawn(warn_of_missing_files(context.clone()));
    // No error may follow from here on: an actor that is dropped before it ran would panic.
    let pump = LogPump::new(context.clone(), hub.clone()).start();
    hub.attach_pump(pump.clone().recipient());
    link.start();
    census_link.start();
    AppsKeeper::new(hub.clone(), context.clone()).start();
    ConsoleLink::new(hub.clone(), context.watched.clone()).start();
    let scheduler = Scheduler::new(context.clone()).start();
    let companion_thread = Arbiter::new();
    let desk = ChatDesk::start_on(&companion_thread.handle(), context.clone(), hub.clone());
    hub.attach_desk(desk.stop_recipient());
    let (happenings, queued) = mpsc::channel(QUEUE_CAPACITY);
    hub.happenings().attach_webhooks(happenings);
    let courier = WebhookCourier::new(context.clone(), queued).start();
    let gate = sockets::handshake::Gate::new(context.clone());
    let polling_sessions = PollingSessions::default();
    let parts = Parts { gate, context: context.clone(), hub: hub.clone(), desk: desk.clone(), polling_sessions };
    let listening = listener.try_clone().map_err(|source| StartError::Io { what: "listening socket".to_owned(), source })?;
    let server = match tls {
        Some(tls) => serve_tls(listener, parts, tls)?,
        None => serve_plain(listener, parts)?,
    };
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(Running { address, context, hub, server: handle, listener: listening, pump, desk, companion_thread, courier, scheduler })
}

/// Makes the demo school or sets its password; never lets the published one face a network.
async fn prepare_demo(context: &Context, is_demo: bool, address: SocketAddr) -> Result<(), StartError> {
    if is_demo && demo::seed_demo(context).await? {
        tracing::info!("demo school made");
    } else if is_demo {
        let changed = demo::password::apply(context).await?;
        if changed > 0 {
            tracing::info!(accounts = changed, "demo accounts have the password of demo.password now");
        }
    }
    if address.ip().is_loopback() {
        return Ok(());
    }
    let open = demo::password::with_the_published_one(context).await?;
    match open.first() {
        Some(first) => Err(StartError::DemoPasswordOnNetwork { address, first: first.clone(), count: open.len() }),
        None => Ok(()),
    }
}

/// Logs at the start that files cannot be stored or are another database's; all else works.
async fn warn_of_missing_files(context: Context) {
    if let Err(error) = context.files.check().await {
        tracing::error!(error = error_line(&error), "files cannot be stored: see s3.bucket, s3.endpoint and the keys, or data_dir");
        return;
    }
    if let Err(error) = sweep::claim_files(&context).await {
        tracing::error!(error = error_line(&error), "the files could not be marked as this database's");
    }
}
