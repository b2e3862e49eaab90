//! The command `sentire`.

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod cmd;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
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
        cli::Command::Describe(args) => cmd::describe::run(args, &console),
    });
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            cmd::say(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}
