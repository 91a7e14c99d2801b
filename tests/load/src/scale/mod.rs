//! `roomtone-load scale`: what many people would cost, on paper. Rooms are drawn, hashed to partitions as Roomtone does, and
//! their listeners put on nodes; what each node then has to do is added up by measured costs, for the design there is and
//! for those after it. It opens no connection.
//!
//! `costs` and `prices` are what goes in, and `people` what is assumed. `page` is what comes out.

mod bill;
mod chance;
mod costs;
mod crossing;
mod designs;
mod measure;
mod node;
mod operations;
mod page;
mod partitions;
mod people;
mod prices;
mod queue;
pub(crate) mod records;
mod rooms;
mod sizes;
mod sizing;
mod stores;
#[cfg(test)]
mod tests;
mod text;
mod town;
mod units;

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::Failure;

/// What is to be done.
#[derive(Args)]
pub(crate) struct Scale {
    /// The page whose tables are written anew; absent: they are printed.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Measures what a record costs a node that needs nothing of it, and nothing else.
    #[arg(long, conflicts_with = "write")]
    measure: bool,
    /// What rooms and their places are drawn by.
    #[arg(long, default_value_t = page::SEED)]
    seed: u64,
}

#[allow(clippy::print_stdout, reason = "this is what the program is for")]
pub(crate) fn run(scale: &Scale) -> Result<(), Failure> {
    if scale.measure {
        let (us, bytes) = measure::run()?;
        println!("{us:.2} µs for a record that is read and judged, {bytes:.0} bytes kept of it");
        return Ok(());
    }
    let blocks = page::blocks(scale.seed)?;
    match &scale.write {
        Some(path) => fs::write(path, page::put(&fs::read_to_string(path)?, &blocks)?)?,
        None => blocks
            .iter()
            .for_each(|block| println!("## {}\n\n{}", block.name, block.text)),
    }
    Ok(())
}
