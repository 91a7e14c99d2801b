//! What goes in: what is assumed, what was measured, what operations ask for, and prices.

use super::row;
use crate::scale::costs::{self, Costs};
use crate::scale::operations::Operations;
use crate::scale::people::People;
use crate::scale::prices;
use crate::scale::sizes::Sizes;
use crate::scale::text::{figure, seconds, table};

pub(super) fn people() -> String {
    table(&["assumed", ""], People::online(1e6).told())
}

pub(super) fn costs_table(costs: &Costs) -> String {
    let measured = costs::ALL.iter().map(|cost| {
        vec![
            cost.what.to_owned(),
            format!("{} {}", cost.value, cost.unit),
            cost.from.to_owned(),
        ]
    });
    let derived = [
        ("so a delivery by itself", costs.delivery_s),
        (
            "and a message by itself, with its share of a recorder",
            costs.message_s,
        ),
        ("and a record that is read", costs.record_s),
    ];
    let derived = derived
        .into_iter()
        .map(|(what, s)| vec![what.into(), seconds(s), "from the above".into()]);
    table(&["cost", "", "from"], measured.chain(derived))
}

pub(super) fn operations(sizes: &Sizes) -> String {
    let operations = Operations {
        sizes,
        in_redis: 1.0,
    };
    let rows = operations.told().into_iter().map(|(what, units)| {
        let figures = [
            units.records,
            units.reads,
            units.writes,
            units.redis,
            units.leases,
            units.mongo,
        ];
        row(what, figures, figure)
    });
    let head = [
        "operation",
        "records",
        "read units",
        "write units",
        "Redis commands",
        "reads of all leases",
        "MongoDB",
    ];
    let bytes_of = [
        ("record of a message", sizes.said),
        ("record of a membership", sizes.member),
        ("record of a hold", sizes.held),
        ("message's row", sizes.message_row),
        ("sender's row", sizes.own_row),
        ("room's sum", sizes.summary_row),
        ("membership", sizes.membership.0),
        ("membership with its event pending", sizes.membership.1),
        ("user's own item", sizes.user),
    ];
    let each: Vec<String> = bytes_of
        .iter()
        .map(|(what, size)| format!("{what} {}", figure(*size)))
        .collect();
    format!(
        "{}\nBytes that this rests on: {}.\n",
        table(&head, rows),
        each.join(", ")
    )
}

pub(super) fn price_table() -> String {
    let rows = prices::told().into_iter().map(|price| {
        vec![
            price.what.to_owned(),
            format!("{} $ per {}", price.dollars, price.per),
        ]
    });
    let euro = vec!["euros for a dollar".to_owned(), prices::EURO.to_string()];
    table(&["price", ""], rows.chain([euro]))
}
