//! Memberships, read markers and message history on Amazon DynamoDB.
//!
//! Reads that a rule or a resume rests on are consistent. What writers race for is settled by conditions.

use std::fmt;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::error::Error;
use crate::store::failed;

mod client;
mod covered;
mod history;
mod http;
mod item;
mod members;
mod memberships;
mod rows;
mod tables;
mod topic;
mod verdicts;

pub(super) use client::DynamoSettings;
pub(super) use client::{connect, connect_function};
pub(super) use covered::Covered;
pub(super) use history::DynamoHistory;
pub(super) use item::Item;
pub(super) use memberships::DynamoMemberships;
pub(super) use rows::{OwnTalk, RoomSum, Rows, message_row, own_row, verdict_row};
pub use tables::TablesError;
pub(super) use tables::{check as check_tables, create as create_tables};
pub use topic::EpochError;
pub(super) use topic::{Topic, topic};
pub(super) use verdicts::Verdicts;

/// The client and the tables' names. Cheap to clone.
#[derive(Clone)]
pub(super) struct Dynamo {
    client: Client,
    memberships: String,
    history: String,
    log: String,
}

impl Dynamo {
    pub(super) fn new(client: Client, prefix: &str) -> Self {
        let name = |table: &str| format!("{prefix}{table}");
        Self {
            client,
            memberships: name("memberships"),
            history: name("history"),
            log: name("log"),
        }
    }
}

/// The error of a call that failed, for whoever asked for it.
fn unavailable<E, R>(store: &'static str, why: &SdkError<E, R>) -> Error
where
    SdkError<E, R>: std::error::Error,
{
    failed(store, &DisplayErrorContext(why))
}

/// An item that has not the form that this version writes.
fn broken(store: &'static str, what: &dyn fmt::Display) -> Error {
    failed(store, what)
}

/// Whether a call failed because too many came, or came at once, and may be made again.
fn is_busy<E: ProvideErrorMetadata, R>(why: &SdkError<E, R>) -> bool {
    matches!(
        why.code(),
        Some(
            "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "TransactionConflictException"
                | "TransactionInProgressException"
                | "InternalServerError"
        )
    )
}
