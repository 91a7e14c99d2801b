//! From what a token says to who somebody is in a room.

use super::claims::Identity;
use crate::domain::user::{Profile, ProfileFields, ProfileValues, image_url};
use crate::error::{Error, Result};

/// What the token says of its bearer, by the rules for users.
///
/// # Errors
/// `Forbidden` for a service that is nobody in particular, `Unauthenticated` for a user's id or nickname
/// that is against the rules.
pub fn profile(identity: &Identity) -> Result<Profile> {
    if identity.nickname.is_empty() && identity.service {
        return Err(Error::Forbidden(
            "this is for users: the token has no nickname".into(),
        ));
    }
    // A picture that can't be shown is no reason to keep its owner out.
    let picture = identity
        .picture
        .as_deref()
        .filter(|url| image_url("picture", url).is_ok());
    let names = ProfileFields {
        uid: "sub",
        nick_name: "nickname",
        profile_image: "picture",
    };
    let values = ProfileValues {
        uid: &identity.uid,
        nick_name: &identity.nickname,
        profile_image: picture,
    };
    Profile::parse(names, values)
        .map_err(|why| Error::Unauthenticated(format!("the token's {why}")))
}
