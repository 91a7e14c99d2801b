//! The tables, as `infra/tables.json` defines them: made for a local run, or looked for at a start.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TableStatus, TimeToLiveSpecification,
};
use aws_sdk_dynamodb::{Client, Config};
use serde::Deserialize;
use thiserror::Error;

/// The one definition, a CloudFormation template whose properties are those of `CreateTable`.
const DEFINITION: &str = include_str!("../../../../infra/tables.json");
/// Looks at a table that is being made.
const LOOKS_MAX: usize = 100;
/// How long one may take: an emulator counts a table's rows for it, which takes seconds where there are a million.
const LOOK: Duration = Duration::from_secs(20);
/// Pause between them.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// Why the tables cannot be used.
#[derive(Debug, Error)]
pub enum TablesError {
    /// DynamoDB does not answer, or refuses.
    #[error("DynamoDB: {0}")]
    DynamoDb(String),
    /// A table is missing.
    #[error(
        "the table {0} is missing: deploy infra/tables.json (a socket node makes it only where DYNAMODB_ENDPOINT names an emulator)"
    )]
    Missing(String),
    /// A table has other keys.
    #[error("the table {table} has the keys {found}, and must have {wanted}")]
    Keys {
        /// The table.
        table: String,
        /// What it has.
        found: String,
        /// What it must have.
        wanted: String,
    },
    /// The definition cannot be read.
    #[error("infra/tables.json: {0}")]
    Definition(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Template {
    resources: std::collections::BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resource {
    properties: Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    table_name: Name,
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
    time_to_live_specification: Option<TimeToLive>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(rename = "Fn::Sub")]
    template: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
}

fn failed<E: std::error::Error>(why: E) -> TablesError {
    TablesError::DynamoDb(DisplayErrorContext(why).to_string())
}

fn read(prefix: &str) -> Result<Vec<(String, Table)>, TablesError> {
    let template: Template =
        serde_json::from_str(DEFINITION).map_err(|why| TablesError::Definition(why.to_string()))?;
    let tables = template.resources.into_values().map(|r| r.properties);
    Ok(tables
        .map(|table| {
            (
                table.table_name.template.replace("${Prefix}", prefix),
                table,
            )
        })
        .collect())
}

fn keys(schema: &[Key]) -> Result<Vec<KeySchemaElement>, TablesError> {
    let element = |key: &Key| {
        KeySchemaElement::builder()
            .attribute_name(&key.attribute_name)
            .key_type(KeyType::from(key.key_type.as_str()))
            .build()
            .map_err(|why| TablesError::Definition(why.to_string()))
    };
    schema.iter().map(element).collect()
}

/// Makes the tables that are missing, and waits until all can be used.
///
/// # Errors
/// Where DynamoDB does not answer, or a table is there with other keys.
pub(in crate::store) async fn create(client: &Client, prefix: &str) -> Result<(), TablesError> {
    let tables = read(prefix)?;
    for (name, table) in &tables {
        match look(client, name, table).await {
            Err(TablesError::Missing(_)) => make(client, name, table).await?,
            looked => drop(looked?),
        }
    }
    for (name, table) in &tables {
        let mut looks = 0;
        while !look(client, name, table).await? {
            looks += 1;
            if looks == LOOKS_MAX {
                return Err(TablesError::DynamoDb(format!(
                    "the table {name} is not ready"
                )));
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }
    Ok(())
}

/// Sees that all tables are there, with the keys they must have.
///
/// # Errors
/// Says which is not, and what to do.
pub(in crate::store) async fn check(client: &Client, prefix: &str) -> Result<(), TablesError> {
    for (name, table) in read(prefix)? {
        look(client, &name, &table).await?;
    }
    Ok(())
}

/// Whether the table can be used by now.
async fn look(client: &Client, name: &str, table: &Table) -> Result<bool, TablesError> {
    let patient = TimeoutConfig::builder()
        .operation_attempt_timeout(LOOK)
        .operation_timeout(LOOK)
        .build();
    let asked = client.describe_table().table_name(name).customize();
    let asked = asked.config_override(Config::builder().timeout_config(patient));
    let described = match asked.send().await {
        Ok(described) => described.table,
        Err(why) if why.code() == Some("ResourceNotFoundException") => None,
        Err(why) => return Err(failed(why)),
    };
    let described = described.ok_or_else(|| TablesError::Missing(name.to_owned()))?;
    let spell = |name: &str, key_type: &str| format!("{name} {key_type}");
    let found: Vec<String> = described
        .key_schema()
        .iter()
        .map(|key| spell(key.attribute_name(), key.key_type().as_str()))
        .collect();
    let wanted: Vec<String> = table
        .key_schema
        .iter()
        .map(|key| spell(&key.attribute_name, &key.key_type))
        .collect();
    if found != wanted {
        return Err(TablesError::Keys {
            table: name.to_owned(),
            found: found.join(", "),
            wanted: wanted.join(", "),
        });
    }
    Ok(described.table_status() == Some(&TableStatus::Active))
}

async fn make(client: &Client, name: &str, table: &Table) -> Result<(), TablesError> {
    let definition =
        |why: aws_sdk_dynamodb::error::BuildError| TablesError::Definition(why.to_string());
    let mut create = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_key_schema(Some(keys(&table.key_schema)?));
    for attribute in &table.attribute_definitions {
        let attribute = AttributeDefinition::builder()
            .attribute_name(&attribute.attribute_name)
            .attribute_type(ScalarAttributeType::from(attribute.attribute_type.as_str()))
            .build();
        create = create.attribute_definitions(attribute.map_err(definition)?);
    }
    for index in &table.global_secondary_indexes {
        let all = Projection::builder()
            .projection_type(ProjectionType::All)
            .build();
        let index = GlobalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(keys(&index.key_schema)?))
            .projection(all)
            .build();
        create = create.global_secondary_indexes(index.map_err(definition)?);
    }
    match create.send().await {
        Ok(_) => {}
        // Somebody else was faster.
        Err(why) if why.code() == Some("ResourceInUseException") => return Ok(()),
        Err(why) => return Err(failed(why)),
    }
    if let Some(ttl) = &table.time_to_live_specification {
        let ttl = TimeToLiveSpecification::builder()
            .attribute_name(&ttl.attribute_name)
            .enabled(true)
            .build()
            .map_err(definition)?;
        let set = client.update_time_to_live().table_name(name);
        if let Err(why) = set.time_to_live_specification(ttl).send().await {
            // Without it old rows stay, which is a matter of space alone.
            tracing::warn!(table = name, why = %DisplayErrorContext(why), "no time to live");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_has_every_table_with_its_keys_and_indexes() {
        let tables = read("test-").unwrap();
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["test-history", "test-log", "test-memberships"]);
        for (name, table) in &tables {
            let of_indexes = table
                .global_secondary_indexes
                .iter()
                .flat_map(|i| &i.key_schema);
            for key in table.key_schema.iter().chain(of_indexes) {
                let defined = |a: &Attribute| a.attribute_name == key.attribute_name;
                assert!(
                    table.attribute_definitions.iter().any(defined),
                    "{name} {}",
                    key.attribute_name
                );
            }
        }
    }
}
