//! The tables of `docs/scale.md`, and how they get there: between markers, so that what is written around them stays.

mod inputs;
mod nodes;
mod results;

use super::costs::Costs;
use super::designs::Design;
use super::node::Machine;
use super::prices::{LARGE, SMALL};
use super::sizes::Sizes;
use super::town::Town;
use crate::Failure;

/// What the page's rooms are drawn by.
pub(super) const SEED: u64 = 20_261_126;

/// A part of the page that is written by the simulator.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// All of them.
pub(super) fn blocks(seed: u64) -> Result<Vec<Block>, Failure> {
    let today = [Design::Today];
    let towns = [
        Town::simulate(10e3, SMALL, &today, seed)?,
        Town::simulate(1e6, SMALL, &Design::ALL, seed)?,
        Town::simulate(50e6, LARGE, &Design::ALL, seed)?,
    ];
    let (sizes, costs) = (Sizes::new()?, Costs::measured());
    let block = |name, text| Block { name, text };
    Ok(vec![
        block("answer", results::answer(&towns)),
        block("people", inputs::people()),
        block("costs", inputs::costs_table(&costs)),
        block("operations", inputs::operations(&sizes)),
        block("rooms", results::rooms(&towns)),
        block("stores", results::stores(&towns, &sizes)),
        block(
            "nodes",
            towns
                .iter()
                .map(|town| nodes::nodes(town, &costs))
                .collect(),
        ),
        block("bill", results::bill(&towns)),
        block("crossing", nodes::crossing_table(&sizes, &costs, seed)),
        block("crossings", nodes::crossings_list(&sizes, &costs, seed)),
        block("prices", inputs::price_table()),
    ])
}

/// The page with these blocks in the place of what stood between their markers.
pub(super) fn put(page: &str, blocks: &[Block]) -> Result<String, Failure> {
    let mut page = page.to_owned();
    for block in blocks {
        let begin = format!("<!-- scale: {} -->\n", block.name);
        let end = "<!-- scale: end -->\n";
        let missing = || format!("the page has no place for {}", block.name);
        let from = page.find(&begin).ok_or_else(missing)? + begin.len();
        let to = from + page[from..].find(end).ok_or_else(missing)?;
        page.replace_range(from..to, &format!("\n{}\n", block.text));
    }
    Ok(page)
}

/// A row of one figure for each of some.
fn row<T>(
    what: &str,
    of: impl IntoIterator<Item = T>,
    text: impl FnMut(T) -> String,
) -> Vec<String> {
    let mut row = vec![what.to_owned()];
    row.extend(of.into_iter().map(text));
    row
}

fn machine(machine: &Machine) -> String {
    format!(
        "{} ({} cores, {} GiB)",
        machine.name, machine.cores, machine.memory_gib
    )
}
