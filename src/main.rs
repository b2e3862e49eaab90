//! The command `sentire`.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

mod cli;
mod cmd;

fn main() -> ExitCode {
    if std::env::args_os().len() < 2 {
        cmd::say(cli::FIRST_STEPS.trim_end());
        return ExitCode::from(2);
    }
    let cli = cli::Cli::try_parse().unwrap_or_else(|error| {
        if error.kind() == ErrorKind::DisplayVersion && std::env::args().any(|a| a == "--verbose") {
            cmd::version::print();
            std::process::exit(0);
        }
        error.exit()
    });
    cmd::set_up(&cli.global);
    let console = cmd::Console {
        quiet: cli.global.quiet,
        force: cli.global.force,
    };
    let outcome = cmd::caught(|| match &cli.command {
        cli::Command::Demo(args) => cmd::demo::run(args, &console),
        cli::Command::Corpus(args) => cmd::corpus::run(args, &console),
        cli::Command::Extract(args) => cmd::extract::run(args, &console),
        cli::Command::Split(args) => cmd::split::run(args, &console),
        cli::Command::Train(args) => cmd::train::run(args, &console),
        cli::Command::Evaluate(args) => cmd::evaluate::run(args, &console),
        cli::Command::Predict(args) => cmd::predict::run(args, &console),
        cli::Command::Score(args) => cmd::score::run(args, &console),
        cli::Command::Adapt(args) => cmd::adapt::run(args, &console),
        #[cfg(feature = "mic")]
        cli::Command::Listen(args) => cmd::listen::run(args, &console),
        #[cfg(feature = "frame")]
        cli::Command::Summary(args) => cmd::summary::run(args, &console),
        cli::Command::Export(args) => cmd::export::run(args, &console),
        cli::Command::Import(args) => cmd::import::run(args, &console),
        #[cfg(feature = "serve")]
        cli::Command::Serve(args) => cmd::serve::run(args, &console),
        cli::Command::Describe(args) => cmd::describe::run(args, &console),
        cli::Command::Verify(args) => cmd::verify::run(args, &console),
    });
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            cmd::say(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}
