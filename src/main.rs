//! Owns the command line: reads the flags, loads the settings, and starts the server or runs a
//! subcommand.

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};
use educounsel::{
    app::{self, StartOptions},
    config::Config,
    demo,
    domain::principal::Role,
    services::accounts::manage::{self, Maker, NewUser},
    telemetry,
};
use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    signal::unix::{SignalKind, signal},
};

/// How long `healthcheck` waits for an answer.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A school counselling desk that is live, in one binary.
#[derive(Debug, Parser)]
#[command(name = "educounsel", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(subcommand)]
    command: Option<CliCommand>,
}

/// Flags that set settings; they win over file and environment.
#[derive(Debug, Args)]
struct SettingsArgs {
    /// TOML file with settings (see `config print`)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen, address:port (setting http.bind)
    #[arg(long, global = true, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Folder of the embedded database and files (setting data_dir)
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// sqlite://, mysql:// or postgres:// (setting database.url)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// redis:// for several nodes (setting redis.url)
    #[arg(long, global = true, value_name = "URL")]
    redis_url: Option<String>,
    /// human, json or auto (setting telemetry.format)
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Any other setting, as section.key=value; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Run the server (the default)
    Serve {
        /// Create demo accounts and materials, once
        #[arg(long)]
        demo: bool,
    },
    /// Bring the database up to date and stop
    Migrate,
    /// Write data and stop
    Seed {
        /// Create demo accounts and materials, once
        #[arg(long, required = true)]
        demo: bool,
    },
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Ask the running server whether it is healthy; exit code 0 or 1
    Healthcheck,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create an account; the password is read from standard input
    Add {
        /// Login name
        #[arg(long)]
        login: String,
        /// Display name
        #[arg(long)]
        name: String,
        /// student, counsellor or admin
        #[arg(long, value_parser = parse_role)]
        role: Role,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum ConfigCommand {
    /// Print every setting with value, default, unit and meaning
    Print,
    /// Check the settings and stop
    Check,
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "student, counsellor or admin".to_owned())
}

impl SettingsArgs {
    fn load(&self) -> Result<Config> {
        let named = [
            ("http.bind", &self.bind),
            ("data_dir", &self.data_dir),
            ("database.url", &self.database_url),
            ("redis.url", &self.redis_url),
            ("telemetry.format", &self.log_format),
        ];
        let mut overrides: Vec<(&str, String)> = named.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect();
        for pair in &self.set {
            overrides.push(pair.split_once('=').map(|(key, value)| (key, value.to_owned())).context("--set wants KEY=VALUE")?);
        }
        Ok(Config::load(self.config.as_deref(), std::env::vars(), &overrides)?)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match actix_web::rt::System::new().block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => {
            // One line for the operator, whatever the log format.
            let _ = writeln!(io::stderr(), "educounsel: {}", telemetry::error_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let config = cli.settings.load()?;
    match cli.command.unwrap_or(CliCommand::Serve { demo: false }) {
        CliCommand::Serve { demo } => serve(config, demo).await?,
        CliCommand::Migrate => {
            app::open_context(config).await?;
            writeln!(io::stdout(), "the database is up to date")?;
        }
        CliCommand::Seed { .. } => seed(config).await?,
        CliCommand::User(UserCommand::Add { login, name, role }) => add_user(config, login, name, role).await?,
        CliCommand::Config(ConfigCommand::Print) => print_config(&config)?,
        CliCommand::Config(ConfigCommand::Check) => writeln!(io::stdout(), "the settings are fine")?,
        CliCommand::Healthcheck => return healthcheck(&config).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn seed(config: Config) -> Result<()> {
    let context = app::open_context(config).await?;
    let is_new = demo::seed_demo(&context).await?;
    writeln!(io::stdout(), "{}", if is_new { "the demo school is made" } else { "the demo school was there already" })?;
    Ok(())
}

async fn serve(config: Config, demo: bool) -> Result<()> {
    telemetry::init_logs(&config.telemetry);
    // Every socket is an open file, and a shell or a service manager often sets a soft limit of
    // 1024.
    let open_files = rlimit::increase_nofile_limit(u64::MAX);
    let scheme = if config.has_tls() { "https" } else { "http" };
    let has_own_demo_password = !config.demo.password.is_empty();
    let running = app::start(config, StartOptions { demo, ..StartOptions::default() }).await?;
    match open_files {
        Ok(limit) => tracing::info!(limit, "open files, and so sockets, at most"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
    // Before the line that says that the server listens: a program that reads it may stop the
    // server at once.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let address = running.address;
    writeln!(io::stdout(), "listening on {scheme}://{address}")?;
    if demo {
        let password = if has_own_demo_password { "the one of demo.password" } else { "rahasia-demo" };
        writeln!(
            io::stdout(),
            "open {scheme}://{address} and log in as siswa1 … siswa20 (students), guru1 … guru3 (counsellors) or admin; password: {password}"
        )?;
    }
    io::stdout().flush()?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
    }
    // A second signal ends the process without waiting for the drain.
    tokio::select! {
        () = running.stop() => tracing::info!("stopped"),
        _ = terminate.recv() => bail!("stopped by a second SIGTERM"),
        _ = interrupt.recv() => bail!("stopped by a second SIGINT"),
    }
    Ok(())
}

async fn add_user(config: Config, login: String, name: String, role: Role) -> Result<()> {
    let context = app::open_context(config).await?;
    let mut password = String::new();
    io::stdin().read_line(&mut password).context("the password is read from standard input")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let new = NewUser { login: login.clone(), name, role, password };
    let user = manage::add_user(&context.store, context.clock.now_ms(), new, Maker::default()).await;
    let user = user.with_context(|| format!("account {login} not created"))?;
    writeln!(io::stdout(), "created {} {} ({})", role.as_str(), user.login, user.id)?;
    Ok(())
}

fn print_config(config: &Config) -> Result<()> {
    let (values, defaults) = (config.values(), Config::default_values());
    let mut out = io::stdout().lock();
    for doc in Config::docs() {
        let (value, default) = (values.get(doc.key).cloned().unwrap_or_default(), defaults.get(doc.key).cloned().unwrap_or_default());
        let is_hidden = doc.is_secret && value != default;
        let shown = if is_hidden { "(set, hidden)".to_owned() } else { value.to_string() };
        let unit = if doc.unit.is_empty() { String::new() } else { format!(" [{}]", doc.unit) };
        writeln!(out, "# {}{unit} Default: {default}\n{} = {shown}\n", doc.meaning, doc.key)?;
    }
    Ok(())
}

/// Speaks just enough HTTP to ask `/health-check`. If the server ends TLS itself, tries the port
/// only, and says so.
async fn healthcheck(config: &Config) -> Result<ExitCode> {
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(&config.http.bind).await?;
        if config.has_tls() {
            return Ok::<_, io::Error>("port open (TLS: not asked further) 200 ".to_owned());
        }
        stream.write_all(b"GET /health-check HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    let answer = tokio::time::timeout(HEALTHCHECK_TIMEOUT, ask).await.context("no answer in time")??;
    let is_healthy = answer.lines().next().is_some_and(|status| status.contains(" 200 "));
    writeln!(io::stdout(), "{}", if is_healthy { "healthy" } else { "not healthy" })?;
    Ok(if is_healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
