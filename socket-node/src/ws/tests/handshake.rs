//! The opening handshake.

use super::super::{Handshake, HandshakeError, accept_key, choose_protocol};

const SOUND: Handshake<'static> = Handshake {
    upgrade: Some("websocket"),
    connection: Some("Upgrade"),
    version: Some("13"),
    key: Some("dGhlIHNhbXBsZSBub25jZQ=="),
};

#[test]
fn the_key_of_the_rfc_gets_the_answer_of_the_rfc() {
    let answer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), answer);
    assert_eq!(SOUND.accept().as_deref(), Ok(answer));
}

#[test]
fn tokens_count_in_any_case_and_place() {
    let browser = Handshake {
        upgrade: Some("WebSocket"),
        connection: Some("keep-alive, Upgrade"),
        version: Some(" 13 "),
        key: Some(" dGhlIHNhbXBsZSBub25jZQ== "),
    };
    assert_eq!(browser.accept(), SOUND.accept());
}

#[test]
fn what_does_not_ask_for_websocket_is_told_so() {
    let requests = [
        Handshake {
            upgrade: None,
            ..SOUND
        },
        Handshake {
            upgrade: Some("h2c"),
            ..SOUND
        },
        Handshake {
            connection: None,
            ..SOUND
        },
        Handshake {
            connection: Some("close"),
            ..SOUND
        },
        Handshake {
            connection: Some("upgraded"),
            ..SOUND
        },
        Handshake::default(),
    ];
    for request in requests {
        assert_eq!(
            request.accept(),
            Err(HandshakeError::NotAnUpgrade),
            "{request:?}"
        );
    }
}

#[test]
fn other_versions_are_told_which() {
    for version in [None, Some("8"), Some("0"), Some(""), Some("13, 8")] {
        let request = Handshake { version, ..SOUND };
        assert_eq!(
            request.accept(),
            Err(HandshakeError::UnsupportedVersion),
            "{version:?}"
        );
    }
}

#[test]
fn a_key_is_16_octets_in_base64() {
    // The last has bits beyond the 16 octets, which some clients leave in.
    for key in [
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "/+8BAgMEBQYHCAkKCwwNDg==",
        "AAAAAAAAAAAAAAAAAAAAAB==",
    ] {
        assert!(
            Handshake {
                key: Some(key),
                ..SOUND
            }
            .accept()
            .is_ok(),
            "{key}"
        );
    }
    let bad = [
        "",
        "AAAA",
        "AAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAA!==",
        "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
    ];
    for key in bad.map(Some).into_iter().chain([None]) {
        let request = Handshake { key, ..SOUND };
        assert_eq!(request.accept(), Err(HandshakeError::InvalidKey), "{key:?}");
    }
}

#[test]
fn the_highest_stomp_is_chosen() {
    let choices = [
        ("v10.stomp, v11.stomp, v12.stomp", Some("v12.stomp")),
        ("v12.stomp,v11.stomp,v10.stomp", Some("v12.stomp")),
        ("v10.stomp,v11.stomp", Some("v11.stomp")),
        ("mqtt, v10.stomp", Some("v10.stomp")),
        ("mqtt", None),
        ("V12.STOMP", None),
        ("", None),
    ];
    for (offered, chosen) in choices {
        assert_eq!(choose_protocol(offered), chosen, "{offered}");
    }
}

#[test]
fn a_refusal_names_the_header_at_fault() {
    let named = [
        (HandshakeError::NotAnUpgrade, "upgrade"),
        (HandshakeError::UnsupportedVersion, "Sec-WebSocket-Version"),
        (HandshakeError::InvalidKey, "Sec-WebSocket-Key"),
    ];
    for (error, name) in named {
        assert!(error.to_string().contains(name), "{error}");
    }
}
