//! What holds for every stream: reading gives back what a client wrote, however it was fragmented
//! and split, and nothing at all makes the reader panic.

use proptest::prelude::*;

use super::*;
use crate::frame::tests::random::{Random, for_seeds};

/// One thing a client sends, and where a message is cut into fragments.
fn sent() -> impl Strategy<Value = (Read, Vec<usize>)> {
    let octets = |max| prop::collection::vec(any::<u8>(), 0..max);
    let read = prop_oneof![
        4 => "[ -~é하😀]{0,60}".prop_map(Read::Text),
        4 => octets(200).prop_map(Read::Binary),
        1 => octets(126).prop_map(Read::Ping),
        1 => octets(126).prop_map(Read::Pong),
    ];
    (read, prop::collection::vec(0..200_usize, 0..4))
}

/// The frames of one thing; a ping stands between the fragments of a message.
fn octets_of(sent: &Read, cuts: &[usize]) -> Vec<u8> {
    let (opcode, payload) = match sent {
        Read::Text(text) => (TEXT, text.as_bytes()),
        Read::Binary(octets) => (BINARY, &octets[..]),
        Read::Ping(octets) => return client_frame(FIN | PING, octets),
        Read::Pong(octets) => return client_frame(FIN | PONG, octets),
        Read::Close(..) => return client_frame(FIN | CLOSE, b""),
    };
    let mut cuts = cuts
        .iter()
        .map(|cut| cut % (payload.len() + 1))
        .collect::<Vec<_>>();
    cuts.sort_unstable();
    let (mut octets, mut start, mut opcode) = (Vec::new(), 0, opcode);
    for cut in cuts {
        octets.extend(client_frame(opcode, &payload[start..cut]));
        (start, opcode) = (cut, CONTINUATION);
    }
    octets.extend(client_frame(FIN | opcode, &payload[start..]));
    octets
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_writes_is_read_back(all in prop::collection::vec(sent(), 0..6)) {
        let octets = all.iter().flat_map(|(sent, cuts)| octets_of(sent, cuts)).collect::<Vec<_>>();
        let expected = all.into_iter().map(|(sent, _)| sent).collect::<Vec<_>>();
        prop_assert_eq!(events(&octets), expected);
    }

    #[test]
    fn split_at_every_octet_the_events_are_the_same(all in prop::collection::vec(sent(), 0..4)) {
        let octets = all.iter().flat_map(|(sent, cuts)| octets_of(sent, cuts)).collect::<Vec<_>>();
        let whole = (events(&octets), None);
        for at in 0..octets.len() {
            let (first, second) = octets.split_at(at);
            prop_assert_eq!(&read(MESSAGE_BYTES_MAX, [first, second]), &whole);
        }
    }
}

fn random_octets(random: &mut Random) -> Vec<u8> {
    const FIRST: [u8; 10] = [
        TEXT,
        FIN | TEXT,
        BINARY,
        FIN | BINARY,
        0,
        FIN,
        FIN | PING,
        FIN | PONG,
        FIN | CLOSE,
        0x3F,
    ];
    const PAYLOADS: [&[u8]; 7] = [
        b"",
        b"\x03\xE8bye",
        b"\x03",
        b"text",
        "하늘😀".as_bytes(),
        b"\xed\x95",
        b"\x98\xff",
    ];
    let mut octets = Vec::new();
    for _ in 0..random.below(5) {
        let first = random.pick(&FIRST);
        octets.extend(match random.below(8) {
            0 => (0..random.below(20))
                .map(|_| random.number() as u8)
                .collect(),
            1 => client_frame(first, &vec![b'x'; random.below(300)]),
            _ => client_frame(first, random.pick(&PAYLOADS)),
        });
    }
    random.mutate(&mut octets, b"\x00\x80\x81\x82\xfe\xff\x01\x88\x89");
    octets
}

/// Neither panics, nor depends on the pieces.
fn hostile_case(random: &mut Random) {
    let octets = random_octets(random);
    let limit = random.pick(&[10, 100, MESSAGE_BYTES_MAX]);
    let whole = read(limit, [&octets[..]]);
    let piece = 1 + random.below(9);
    assert_eq!(
        read(limit, octets.chunks(piece)),
        whole,
        "{}",
        octets.escape_ascii()
    );
}

#[test]
fn a_million_random_and_mutated_streams_do_no_harm() {
    std::thread::scope(|scope| {
        scope.spawn(|| for_seeds(0..500_000, hostile_case));
        for_seeds(500_000..1_000_000, hostile_case);
    });
}
