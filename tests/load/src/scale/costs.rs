//! What things cost a node and a broker: measured where that says so, assumed where not. The one place for these figures;
//! whoever measures anew changes them here and writes the page again.

/// A figure with its unit, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) what: &'static str,
    pub(super) value: f64,
    pub(super) unit: &'static str,
    pub(super) from: &'static str,
}

const fn cost(what: &'static str, value: f64, unit: &'static str, from: &'static str) -> Cost {
    Cost {
        what,
        value,
        unit,
        from,
    }
}

/// All deliveries of one message to 1,000 sockets, with that message's share of all else.
const ONE_ROOM: Cost = cost(
    "CPU of a delivery, 10 messages a second to 1,000 listeners",
    5.821,
    "µs",
    "RESULTS.md, G4",
);
/// The same to 10 sockets, where the message itself is most of it.
const SMALL_ROOMS: Cost = cost(
    "CPU of a delivery, 500 messages a second to 10 listeners each",
    28.76,
    "µs",
    "RESULTS.md, G5; the embedded stores stand for a fleet's",
);
pub(super) const FRAME_BYTES: Cost = cost(
    "a MESSAGE on the wire",
    460.0,
    "bytes",
    "RESULTS.md, G1 to G5",
);
pub(super) const PRESENCE_BYTES: Cost = cost(
    "a change of presence on the wire",
    320.0,
    "bytes",
    "counted",
);
const SOCKET_KIB: Cost = cost(
    "user memory of an idle socket",
    1.966,
    "KiB",
    "RESULTS.md, G6",
);
const KERNEL_KIB: Cost = cost(
    "the kernel's memory of an idle socket",
    4.0,
    "KiB",
    "assumed",
);
const READ_US: Cost = cost(
    "CPU of a record that is read and judged, whoever it is for",
    2.8,
    "µs",
    "`roomtone-load scale --measure`",
);
const CLIENT_US: Cost = cost("CPU of Kafka's client for a record", 1.0, "µs", "assumed");
const HEARD_BYTES: Cost = cost(
    "memory of a judge for a message of the last 5 minutes",
    264.0,
    "bytes",
    "`roomtone-load scale --measure`",
);
const SEAT_BYTES: Cost = cost(
    "memory of a judge for a membership's change of the last 10 minutes",
    264.0,
    "bytes",
    "assumed to be as much",
);
const BASE_MIB: Cost = cost(
    "memory of a node without sockets, its ring full",
    150.0,
    "MiB",
    "assumed",
);
const OPEN_US: Cost = cost(
    "CPU of a room that is opened, with its calls to stores",
    3_000.0,
    "µs",
    "assumed",
);
const BEATS_PER_S: Cost = cost(
    "heart-beats of a socket, in and out",
    0.2,
    "a second",
    "10 s each way, as offered",
);
const RELAY_US: Cost = cost(
    "CPU of a record that one node hands to another, at either",
    10.0,
    "µs",
    "assumed",
);
const DYNAMO_MS: Cost = cost(
    "a call to DynamoDB",
    5.0,
    "ms",
    "assumed; within one region",
);

/// How long judges remember messages and changes, in seconds: `limits::REPEAT_WINDOW_MS`, `PRE_ROLL_MS`.
pub(super) const HEARD_S: f64 = roomtone_shared::limits::REPEAT_WINDOW_MS as f64 / 1e3;
pub(super) const PRE_ROLL_S: f64 = roomtone_shared::limits::PRE_ROLL_MS as f64 / 1e3;
/// Calls that the recorder makes at once: `CALLS_MAX` in `store/recorder/mod.rs`.
pub(super) const RECORDER_CALLS: f64 = 8.0;
/// Rows that it writes by one call: `BATCH_MAX` in `store/dynamodb/rows.rs`.
pub(super) const ROWS_PER_CALL: f64 = 25.0;
/// Rooms and senders of a partition that it remembers: `KNOWN_MAX` in `store/recorder/sums.rs`.
pub(super) const SUMS_KNOWN: f64 = 50_000.0;

/// All figures, for the page.
pub(super) const ALL: [Cost; 15] = [
    ONE_ROOM,
    SMALL_ROOMS,
    FRAME_BYTES,
    PRESENCE_BYTES,
    SOCKET_KIB,
    KERNEL_KIB,
    READ_US,
    CLIENT_US,
    HEARD_BYTES,
    SEAT_BYTES,
    BASE_MIB,
    OPEN_US,
    BEATS_PER_S,
    RELAY_US,
    DYNAMO_MS,
];

/// Seconds of CPU time, and bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    pub(super) delivery_s: f64,
    pub(super) message_s: f64,
    pub(super) record_s: f64,
    pub(super) open_s: f64,
    pub(super) beats_s: f64,
    pub(super) relay_s: f64,
    pub(super) socket_bytes: f64,
    pub(super) base_bytes: f64,
    pub(super) heard_bytes: f64,
    pub(super) seat_bytes: f64,
    pub(super) dynamo_s: f64,
}

impl Costs {
    /// A delivery and a message by themselves, from the two rooms that were measured: in the one a message is
    /// delivered a thousand times, in the other ten times.
    pub(super) fn measured() -> Self {
        let (many, few) = (1_000.0, 10.0);
        let delivery_us = (ONE_ROOM.value * many - SMALL_ROOMS.value * few) / (many - few);
        let message_us = (SMALL_ROOMS.value - delivery_us) * few;
        Self {
            delivery_s: delivery_us / 1e6,
            message_s: message_us / 1e6,
            record_s: (READ_US.value + CLIENT_US.value) / 1e6,
            open_s: OPEN_US.value / 1e6,
            beats_s: BEATS_PER_S.value * delivery_us / 1e6,
            relay_s: RELAY_US.value / 1e6,
            socket_bytes: (SOCKET_KIB.value + KERNEL_KIB.value) * 1_024.0,
            base_bytes: BASE_MIB.value * 1_048_576.0,
            heard_bytes: HEARD_BYTES.value,
            seat_bytes: SEAT_BYTES.value,
            dynamo_s: DYNAMO_MS.value / 1e3,
        }
    }
}
