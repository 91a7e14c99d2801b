//! Signs tokens as an auth server would, and as none would. It knows nothing of who reads them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

/// A secret long enough for HS256, for servers that a test configures with `AUTH_HS256_SECRET`.
pub const SECRET: &str = "a secret of the tests, known to all who read it";

/// A JWT of these claims, signed by HS256 with [`SECRET`].
#[must_use]
pub fn sign(claims: &Value) -> String {
    sign_with(&json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET)
}

/// A JWT with this header, signed by HMAC-SHA-256 whatever the header says.
#[must_use]
pub fn sign_with(header: &Value, claims: &Value, secret: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()))
    )
}

/// A JWT that says it needs no signature, and has none.
#[must_use]
pub fn unsigned(claims: &Value) -> String {
    format!(
        "{}.{}.",
        encode(&json!({"alg": "none", "typ": "JWT"})),
        encode(claims)
    )
}

/// Claims of a user's token that runs out after `lifetime_s` seconds, or ran out before, where it is negative.
///
/// # Panics
/// Where the clock stands before 1970.
#[must_use]
pub fn claims(uid: &str, nickname: &str, lifetime_s: i64) -> Value {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_s = i64::try_from(now.expect("the clock is past 1970").as_secs()).expect("seconds fit");
    json!({"sub": uid, "nickname": nickname, "exp": now_s + lifetime_s})
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
