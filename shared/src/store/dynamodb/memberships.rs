//! Memberships on DynamoDB: a change is one transaction, on condition that nothing it rests on has changed.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use tokio::sync::Mutex;

use super::item::{Item, number, text};
use super::members::{self, STORE};
use super::{Dynamo, is_busy, unavailable};
use crate::domain::membership::{
    self, Change, MemberCursor, Membership, Placed, Plan, Planned, UserRooms,
};
use crate::domain::message::MessageId;
use crate::domain::room::RoomId;
use crate::domain::time::Timestamp;
use crate::domain::user::Uid;
use crate::error::{Error, Result};
use crate::store::{Changed, Memberships};

/// Tries of one change that others keep getting ahead of.
const TRIES_MAX: u32 = 100;
/// Milliseconds of the longest pause between two tries; a pause is drawn from none to twice the last bound.
const PAUSE_MAX_MS: u64 = 64;
/// Users whose changes wait for each other in this process, rather than for conditions to fail.
const QUEUES: usize = 256;

/// Memberships on DynamoDB.
pub(in crate::store) struct DynamoMemberships {
    dynamo: Dynamo,
    queues: Vec<Mutex<()>>,
}

/// What came of a transaction.
enum Wrote {
    Done,
    /// Something it rested on has changed.
    Changed,
    /// Others were at it, or too many calls came.
    Busy,
}

/// Builds an update of an item: what to set, what to remove, on what condition.
struct Expression {
    update: String,
    condition: String,
    values: Item,
    names: Vec<(String, String)>,
}

impl DynamoMemberships {
    pub(in crate::store) fn new(dynamo: Dynamo) -> Arc<Self> {
        Arc::new(Self {
            dynamo,
            queues: (0..QUEUES).map(|_| Mutex::new(())).collect(),
        })
    }

    async fn item(&self, key: Item) -> Result<Option<Item>> {
        let got = self
            .dynamo
            .client
            .get_item()
            .table_name(&self.dynamo.memberships)
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await;
        Ok(got.map_err(|why| unavailable(STORE, &why))?.item)
    }

    /// What a change rests on: the user's rooms, the membership, and the one that the change may end.
    async fn read(
        &self,
        room: RoomId,
        uid: &Uid,
    ) -> Result<(Option<UserRooms>, Option<Membership>, Option<Placed>)> {
        let (user, target) = tokio::join!(
            self.item(members::own_key(uid)),
            self.item(members::key(uid, room))
        );
        let user = user?.as_ref().map(members::read_own).transpose()?;
        let target = target?.as_ref().map(members::read).transpose()?;
        let oldest = user
            .as_ref()
            .and_then(|user| membership::to_evict(user, room));
        let oldest = match oldest {
            Some(id) => self.get(id, uid).await?.map(|m| (id, m)),
            None => None,
        };
        Ok((user, target, oldest))
    }

    async fn write(
        &self,
        uid: &Uid,
        was: (Option<&UserRooms>, Option<&Membership>, Option<&Membership>),
        room: RoomId,
        plan: &Plan,
    ) -> Result<Wrote> {
        let mut items = vec![
            self.put_user(uid, was.0, &plan.user)?,
            self.put_membership(room, was.1, &plan.membership)?,
        ];
        if let Some((left, gone)) = &plan.evicted {
            items.push(self.put_membership(*left, was.2, gone)?);
        }
        let written = self
            .dynamo
            .client
            .transact_write_items()
            // The client may send it again after a timeout; it counts once.
            .client_request_token(uuid::Uuid::new_v4().to_string())
            .set_transact_items(Some(items))
            .send()
            .await;
        match written {
            Ok(_) => Ok(Wrote::Done),
            Err(why) => read_failure(&why).ok_or_else(|| unavailable(STORE, &why)),
        }
    }

    fn put_user(
        &self,
        uid: &Uid,
        was: Option<&UserRooms>,
        is: &UserRooms,
    ) -> Result<TransactWriteItem> {
        let put = Put::builder()
            .table_name(&self.dynamo.memberships)
            .set_item(Some(members::own(uid, is)));
        let put = match was {
            Some(was) => put
                .condition_expression("version = :was")
                .expression_attribute_values(":was", number(was.version)),
            None => put.condition_expression("attribute_not_exists(uid)"),
        };
        let put = put.build().map_err(|why| super::broken(STORE, &why))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A mark may move while a plan is made, so it is left alone, unless the plan has it go.
    fn put_membership(
        &self,
        room: RoomId,
        was: Option<&Membership>,
        is: &Membership,
    ) -> Result<TransactWriteItem> {
        let mut expression = Expression::new();
        for (name, value) in members::attributes(room, is) {
            expression.attribute(name, value);
        }
        if is.mark.is_none() {
            expression.attribute("mark", None);
        }
        match was {
            Some(was) => {
                expression.condition = "version = :was AND attribute_not_exists(pending)".into();
                expression.value(":was", number(was.version));
            }
            None => expression.condition = "attribute_not_exists(uid)".into(),
        }
        let update = Update::builder()
            .table_name(&self.dynamo.memberships)
            .set_key(Some(members::key(&is.who.uid, room)))
            .update_expression(expression.update())
            .condition_expression(&expression.condition)
            .set_expression_attribute_values(Some(expression.values))
            .set_expression_attribute_names(Some(expression.names.into_iter().collect()));
        let update = update.build().map_err(|why| super::broken(STORE, &why))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    fn update(&self, room: RoomId, uid: &Uid) -> UpdateItemFluentBuilder {
        let update = self.dynamo.client.update_item();
        update
            .table_name(&self.dynamo.memberships)
            .set_key(Some(members::key(uid, room)))
    }

    /// Moves the mark forward where this number of the membership is as it was.
    async fn move_mark(
        &self,
        room: RoomId,
        uid: &Uid,
        (name, is): (&str, u64),
        to: MessageId,
    ) -> Result<bool> {
        let update = self
            .update(room, uid)
            .update_expression("SET mark = :mark")
            .condition_expression(
                "joined = :true AND #name = :is AND (attribute_not_exists(mark) OR mark < :mark)",
            )
            // By a placeholder: some names are words of DynamoDB's own.
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":is", number(is))
            .expression_attribute_values(":mark", text(to.to_string()));
        conditionally(update).await
    }

    async fn query(
        &self,
        index: &str,
        name: &str,
        of: String,
        range: Range,
        size: usize,
    ) -> Result<Vec<Item>> {
        let (mut found, mut start) = (vec![], None);
        while found.len() < size {
            let limit = i32::try_from(size - found.len()).unwrap_or(i32::MAX);
            let (condition, bound) = match &range {
                Range::After(bound) => ("of_ = :of AND at_ > :bound", bound),
                Range::Before(bound) => ("of_ = :of AND at_ < :bound", bound),
            };
            let sorted = if index == BY_ROOM {
                "entered"
            } else {
                "pendingAt"
            };
            let page = self
                .dynamo
                .client
                .query()
                .table_name(&self.dynamo.memberships)
                .index_name(index)
                .key_condition_expression(condition.replace("of_", "#of").replace("at_", "#at"))
                .expression_attribute_names("#of", name)
                .expression_attribute_names("#at", sorted)
                .expression_attribute_values(":of", text(of.clone()))
                .expression_attribute_values(":bound", text(bound.clone()))
                .limit(limit)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|why| unavailable(STORE, &why))?;
            found.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

/// The index of a room's members in the order they joined.
const BY_ROOM: &str = "by-room";
/// The index of pending events.
const PENDING: &str = "pending";

/// Which part of an index is asked for.
enum Range {
    After(String),
    Before(String),
}

impl Expression {
    fn new() -> Self {
        Self {
            update: String::new(),
            condition: String::new(),
            values: Item::new(),
            names: vec![],
        }
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(name.into(), value);
    }

    /// Sets an attribute, or removes it.
    fn attribute(&mut self, name: &str, value: Option<AttributeValue>) {
        // Names by placeholders: some are words of DynamoDB's own.
        self.names.push((format!("#{name}"), name.into()));
        match value {
            Some(value) => self.values.insert(format!(":{name}"), value),
            None => return self.update.push_str(&format!("-{name} ")),
        };
        self.update.push_str(&format!("+{name} "));
    }

    /// `SET a = :a, … REMOVE b, …`.
    fn update(&self) -> String {
        let all = || self.update.split_whitespace();
        let set: Vec<String> = all()
            .filter_map(|part| part.strip_prefix('+'))
            .map(|name| format!("#{name} = :{name}"))
            .collect();
        let remove: Vec<String> = all()
            .filter_map(|part| part.strip_prefix('-'))
            .map(|name| format!("#{name}"))
            .collect();
        match remove.is_empty() {
            true => format!("SET {}", set.join(", ")),
            false => format!("SET {} REMOVE {}", set.join(", "), remove.join(", ")),
        }
    }
}

/// What a transaction's failure means; none where it is a failure of the store.
fn read_failure(why: &SdkError<TransactWriteItemsError>) -> Option<Wrote> {
    if is_busy(why) {
        return Some(Wrote::Busy);
    }
    let cancelled = match why.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => cancelled,
        _ => return None,
    };
    let reasons = cancelled.cancellation_reasons();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason.code()).collect();
    if codes.contains(&"ConditionalCheckFailed") {
        return Some(Wrote::Changed);
    }
    let busy = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    codes
        .iter()
        .any(|code| busy.contains(code))
        .then_some(Wrote::Busy)
}

/// Makes an update; false where its condition does not hold.
async fn conditionally(update: UpdateItemFluentBuilder) -> Result<bool> {
    let mut bound_ms = 1;
    for _ in 0..TRIES_MAX {
        let why = match update.clone().send().await {
            Ok(_) => return Ok(true),
            Err(why) => why,
        };
        if let Some(UpdateItemError::ConditionalCheckFailedException(_)) = why.as_service_error() {
            return Ok(false);
        }
        if !is_busy(&why) {
            return Err(unavailable(STORE, &why));
        }
        pause(&mut bound_ms).await;
    }
    Err(Error::Unavailable(STORE))
}

/// Waits a random while, at most `bound_ms`, which doubles up to a bound of its own.
async fn pause(bound_ms: &mut u64) {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    tokio::time::sleep(Duration::from_micros(random % (*bound_ms * 1_000))).await;
    *bound_ms = (*bound_ms * 2).min(PAUSE_MAX_MS);
}

#[async_trait]
impl Memberships for DynamoMemberships {
    async fn get(&self, room: RoomId, uid: &Uid) -> Result<Option<Membership>> {
        let item = self.item(members::key(uid, room)).await?;
        item.as_ref().map(members::read).transpose()
    }

    async fn of_user(&self, uid: &Uid) -> Result<UserRooms> {
        let item = self.item(members::own_key(uid)).await?;
        let user = item.as_ref().map(members::read_own).transpose()?;
        Ok(user.unwrap_or_default())
    }

    async fn change(
        &self,
        room: RoomId,
        uid: &Uid,
        change: Change,
        now: Timestamp,
    ) -> Result<Changed> {
        let place = uid.as_str().bytes().map(usize::from).sum::<usize>() % QUEUES;
        let _in_turn = self.queues[place].lock().await;
        let mut bound_ms = 1;
        for _ in 0..TRIES_MAX {
            let (user, target, oldest) = self.read(room, uid).await?;
            let there = user.clone().unwrap_or_default();
            let planned =
                membership::plan(&there, room, target.clone(), oldest.clone(), &change, now);
            let plan = match planned {
                Planned::Already(there) => return Ok(Changed::Already(there)),
                Planned::Blocked(pending) => return Ok(Changed::Blocked(pending)),
                Planned::Write(plan) => plan,
            };
            let was = (
                user.as_ref(),
                target.as_ref(),
                oldest.as_ref().map(|(_, m)| m),
            );
            match self.write(uid, was, room, &plan).await? {
                Wrote::Done => {
                    return Ok(Changed::Done {
                        membership: plan.membership,
                        evicted: plan.evicted,
                    });
                }
                Wrote::Changed => {}
                Wrote::Busy => pause(&mut bound_ms).await,
            }
        }
        Err(Error::Unavailable(STORE))
    }

    async fn settle(
        &self,
        room: RoomId,
        uid: &Uid,
        version: u64,
        mark: Option<MessageId>,
    ) -> Result<()> {
        let told = "REMOVE pending, pendingShard, pendingAt";
        let pending = "version = :version AND attribute_exists(pending)";
        if let Some(mark) = mark {
            // Most often the mark is the first, and both are one write.
            let both = self
                .update(room, uid)
                .update_expression(format!("SET mark = :mark {told}"))
                .condition_expression(format!(
                    "{pending} AND joined = :true AND attribute_not_exists(mark)"
                ))
                .expression_attribute_values(":version", number(version))
                .expression_attribute_values(":true", AttributeValue::Bool(true))
                .expression_attribute_values(":mark", text(mark.to_string()));
            if conditionally(both).await? {
                return Ok(());
            }
            self.move_mark(room, uid, ("version", version), mark)
                .await?;
        }
        let settled = self
            .update(room, uid)
            .update_expression(told)
            .condition_expression(pending)
            .expression_attribute_values(":version", number(version));
        conditionally(settled).await?;
        Ok(())
    }

    async fn mark(&self, room: RoomId, uid: &Uid, sequence: u64, mark: MessageId) -> Result<()> {
        self.move_mark(room, uid, ("sequence", sequence), mark)
            .await?;
        Ok(())
    }

    async fn page(
        &self,
        room: RoomId,
        after: Option<MemberCursor>,
        size: usize,
    ) -> Result<Vec<Membership>> {
        let after = after
            .as_ref()
            .map(members::entered)
            .unwrap_or_else(|| "0".into());
        let found = self
            .query(
                BY_ROOM,
                "memberOf",
                room.to_string(),
                Range::After(after),
                size,
            )
            .await?;
        found.iter().map(members::read).collect()
    }

    async fn pending(&self, before: Timestamp, size: usize) -> Result<Vec<Placed>> {
        let mut found = vec![];
        for shard in 0..members::PENDING_SHARDS {
            let before = Range::Before(format!("{:013}", before.ms()));
            let shard = members::shard_name(shard);
            found.extend(
                self.query(PENDING, "pendingShard", shard, before, size)
                    .await?,
            );
        }
        let at = |item: &Item| item.get("pendingAt").and_then(|at| at.as_s().ok()).cloned();
        found.sort_by_key(at);
        found.truncate(size);
        found
            .iter()
            .map(|item| Ok((members::read_room(item)?, members::read(item)?)))
            .collect()
    }
}
