//! `GET /admin/log`: how far this node has read each part of the log, and where that ends.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::{Admin, Refused};
use crate::shard::inspect::Question;

/// The log as this node sees it.
#[derive(Serialize)]
pub(super) struct Positions {
    node: String,
    epoch: u16,
    partitions: Vec<Position>,
}

#[derive(Serialize)]
struct Position {
    partition: usize,
    /// The offset below which every shard has taken all.
    taken: u64,
    /// The offset that the next record gets.
    end: u64,
}

pub(super) async fn positions(State(admin): State<Admin>) -> Result<Json<Positions>, Refused> {
    let of_shards = admin.ask(Question::Positions).await?;
    let node = &admin.node.node;
    let log = node.stores.log.clone();
    let epoch = log.epoch();
    let ends = node.ask(async move { log.ends().await }).await?;
    let taken = |partition: usize| {
        let of = |positions: &Vec<u64>| positions.get(partition).copied().unwrap_or_default();
        of_shards.iter().map(of).min().unwrap_or_default()
    };
    let positions = ends.iter().enumerate().map(|(partition, end)| Position {
        partition,
        taken: taken(partition),
        end: *end,
    });
    Ok(Json(Positions {
        node: admin.node_name(),
        epoch,
        partitions: positions.collect(),
    }))
}
