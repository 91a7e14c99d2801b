//! Create a room for a playlist: the playlist server asks, for the playlist's owner.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use roomtone_shared::domain::room::RoomId;
use roomtone_shared::domain::user::{Profile, ProfileFields, ProfileValues};
use roomtone_shared::error::Result;
use roomtone_shared::rooms::view::{self, RoomView};
use roomtone_shared::rooms::{self, CreateRoom};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::identity::Service;
use crate::input::{Id, Input, Object, Text, required};
use crate::playlist_input::PlaylistInput;
use crate::problem::Problem;
use crate::written::WrittenJson;
use crate::{Shared, route, schema};

/// `POST /v1/api/rooms/create`
pub fn routes() -> Router<Shared> {
    route::post("/v1/api/rooms/create", create)
}

/// A playlist, and whose it is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RoomCreateRequest<'i> {
    /// The owner: 1 to 64 characters.
    #[serde(borrow)]
    #[schema(schema_with = schema::uid, required = true)]
    uid: Option<Id<'i>>,
    /// Their nickname.
    #[serde(borrow)]
    #[schema(schema_with = schema::nick_name, required = true)]
    user_name: Option<Text<'i>>,
    /// Their picture.
    #[serde(borrow)]
    #[schema(schema_with = schema::image_url_if_any)]
    user_profile_image: Option<Text<'i>>,
    /// The playlist as it is now.
    #[serde(borrow)]
    #[schema(value_type = PlaylistInput, required = true)]
    playlist: Option<Object<PlaylistInput<'i>>>,
}

impl RoomCreateRequest<'_> {
    fn check(self) -> Result<CreateRoom> {
        let names = ProfileFields {
            uid: "uid",
            nick_name: "userName",
            profile_image: "userProfileImage",
        };
        let uid = required("uid", self.uid)?;
        let nick_name = required("userName", self.user_name)?;
        let profile_image = self.user_profile_image.as_deref();
        let owner = Profile::parse(
            names,
            ProfileValues {
                uid: &uid.0,
                nick_name: &nick_name,
                profile_image,
            },
        )?;
        let Object(playlist) = required("playlist", self.playlist)?;
        Ok(CreateRoom {
            owner,
            playlist: playlist.check("playlist")?,
        })
    }
}

/// A room as it is made.
#[derive(Serialize, ToSchema)]
#[allow(
    dead_code,
    reason = "the answer is written by hand, and this is what it is told as"
)]
#[serde(rename_all = "camelCase")]
struct CreatedRoom {
    #[serde(flatten)]
    room: RoomView,
    /// The room that its owner is out of, as this was their fifth.
    #[schema(value_type = RoomId, required = false)]
    evicted_room_id: Option<RoomId>,
}

/// Create a room
///
/// For a playlist's owner, whose ownership the playlist server has checked. The owner becomes a member. A playlist has one
/// room: where there is one it is given, with 200; one that was no longer live starts anew, with the playlist as it is now.
/// A user is in four rooms at most: for a fifth they are out of the one joined longest ago, `evictedRoomId`. Asked again because
/// an answer did not come, it does nothing twice; an eviction that was done the first time is not named again.
#[utoipa::path(
    post,
    path = "/v1/api/rooms/create",
    operation_id = "createRoom",
    tag = "playlist server",
    request_body = RoomCreateRequest,
    responses(
        (status = 201, description = "The new room.", body = CreatedRoom),
        (status = 200, description = "The room that the playlist has already.", body = CreatedRoom),
        (status = 403, description = "The token has not got the scope `service`."),
        (status = 409, description = "The playlist has a room of another owner."),
    )
)]
pub(crate) async fn create(
    State(app): State<Shared>,
    _: Service,
    input: Input,
) -> Result<(StatusCode, WrittenJson), Problem> {
    let wanted = input.read::<RoomCreateRequest<'_>>()?.check()?;
    let created = rooms::create(&app.stores, &app.search, wanted).await?;
    let room = view::room(&app.stores, &created.room, None).await?;
    let status = if created.new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut json = room.to_json();
    if let Some(left) = created.evicted {
        json.pop();
        json.extend_from_slice(format!(",\"evictedRoomId\":\"{left}\"}}").as_bytes());
    }
    Ok((status, WrittenJson(json)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{Call, Town, playlist};

    const PATH: &str = "/v1/api/rooms/create";

    #[tokio::test]
    async fn a_new_room_is_shown_whole() {
        let town = Town::new();
        let body = json!({"uid": 1, "userName": "하늘", "userProfileImage": "/p.svg", "playlist": playlist("p1"), "other": [1]});
        let answer = town
            .call(Call::new("POST", PATH).token(&town.service()).json(&body))
            .await;
        assert_eq!(answer.status, 201);
        let mut room = answer.json.clone();
        let id = room["id"].as_str().unwrap().to_owned();
        assert_eq!(id.len(), 36);
        for time in [
            "/createdAt",
            "/owner/enteredAt",
            "/users/0/enteredAt",
            "/nowPlaying/startedAt",
            "/nowPlaying/serverTime",
        ] {
            let text = room.pointer(time).unwrap().as_str().unwrap().to_owned();
            assert!(text.len() == 24 && text.ends_with('Z'), "{time}: {text}");
            *room.pointer_mut(time).unwrap() = json!("T");
        }
        assert!(room["nowPlaying"]["positionMs"].as_u64().unwrap() < 10_000);
        room["nowPlaying"]["positionMs"] = json!(0);
        let owner =
            json!({"uid": "1", "nickName": "하늘", "profileImage": "/p.svg", "enteredAt": "T"});
        let expected = json!({
            "id": id, "roomName": "Night drive", "owner": owner, "userCount": 1, "users": [owner],
            "playlist": {"id": "p1", "name": "Night drive", "musics": [
                {"id": "0", "title": "One", "artist": "A", "playtime": "0:10", "thumbnail": "https://images.example/1.png"},
                {"id": "m2", "title": "Two", "artist": "B", "playtime": "1:00:05", "thumbnail": "/2.svg"}]},
            "thumbnail": {"id": "0", "title": "One", "artist": "A", "playtime": "0:10", "thumbnail": "https://images.example/1.png"},
            "createdAt": "T",
            "nowPlaying": {"musicId": "0", "index": 0, "positionMs": 0, "startedAt": "T", "serverTime": "T"},
        });
        assert_eq!(room, expected);
    }

    #[tokio::test]
    async fn creating_again_gives_the_room_there_is() {
        let town = Town::new();
        let (first, again) = (town.create("u1", "p1").await, town.create("u1", "p1").await);
        assert_eq!((first.status, again.status), (201, 200));
        assert_eq!(first.json["id"], again.json["id"]);
        assert_eq!(first.json["createdAt"], again.json["createdAt"]);
        assert_eq!(
            town.create("u2", "p1").await.problem(),
            (409, "/problems/conflict")
        );
    }

    #[tokio::test]
    async fn the_owner_who_exited_is_a_member_again_in_a_room_that_begins_anew() {
        let town = Town::new();
        let first = town.create("u1", "p1").await;
        let id = first.id();
        assert_eq!(
            town.post("u1", &format!("/v1/api/rooms/exit/{id}"))
                .await
                .status,
            204
        );
        let again = town.create("u1", "p1").await;
        assert_eq!((again.status, again.id()), (200, id));
        assert!(again.json["createdAt"].as_str() > first.json["createdAt"].as_str());
        assert_eq!(again.json["userCount"], 1);
    }

    #[tokio::test]
    async fn a_fifth_room_ends_the_membership_of_the_first() {
        let town = Town::new();
        let first = town.create("u1", "p1").await;
        assert_eq!(first.json.get("evictedRoomId"), None);
        for playlist in ["p2", "p3", "p4"] {
            town.create("u1", playlist).await;
        }
        let fifth = town.create("u1", "p5").await;
        assert_eq!(
            (fifth.status, &fifth.json["evictedRoomId"]),
            (201, &first.json["id"])
        );
    }

    #[tokio::test]
    async fn it_is_for_the_playlist_server_only() {
        let town = Town::new();
        let body = json!({"uid": "u1", "userName": "Sky", "playlist": playlist("p1")});
        let call = || Call::new("POST", PATH).json(&body);
        assert_eq!(
            town.call(call()).await.problem(),
            (401, "/problems/unauthenticated")
        );
        assert_eq!(
            town.call(call().token(&town.user("u1"))).await.problem(),
            (403, "/problems/forbidden")
        );
    }

    #[tokio::test]
    async fn a_field_against_a_rule_is_named() {
        let town = Town::new();
        let good = json!({"uid": "u1", "userName": "Sky", "playlist": playlist("p1")});
        for (pointer, value, field) in [
            ("/uid", json!(null), "uid"),
            ("/uid", json!(""), "uid"),
            ("/userName", json!("x".repeat(41)), "userName"),
            ("/playlist", json!(null), "playlist"),
            ("/playlist/name", json!("x".repeat(201)), "playlist.name"),
            ("/playlist/musics", json!([]), "playlist.musics"),
            (
                "/playlist/musics/1/playtime",
                json!("x"),
                "playlist.musics[1].playtime",
            ),
        ] {
            let mut body = good.clone();
            *body.pointer_mut(pointer).unwrap() = value;
            let answer = town
                .call(Call::new("POST", PATH).token(&town.service()).json(&body))
                .await;
            assert_eq!(
                (answer.status, answer.json["field"].as_str()),
                (422, Some(field))
            );
        }
        let image = json!({"uid": "u1", "userName": "Sky", "userProfileImage": "x", "playlist": playlist("p1")});
        let answer = town
            .call(Call::new("POST", PATH).token(&town.service()).json(&image))
            .await;
        assert_eq!(
            (answer.status, &answer.json["field"]),
            (422, &json!("userProfileImage"))
        );
    }

    #[tokio::test]
    async fn a_body_that_cannot_be_read_is_malformed() {
        let town = Town::new();
        let wrong_type = r#"{"playlist": {"musics": [{"title": 5}]}}"#;
        for body in ["", "{", "[]", r#"{"uid": [1]}"#, wrong_type] {
            let answer = town
                .call(Call::new("POST", PATH).token(&town.service()).body(body))
                .await;
            assert_eq!(answer.problem(), (400, "/problems/malformed"), "{body}");
        }
        let answer = town
            .call(
                Call::new("POST", PATH)
                    .token(&town.service())
                    .body(wrong_type),
            )
            .await;
        assert!(
            answer.json["detail"]
                .as_str()
                .unwrap()
                .starts_with("playlist.musics[0].title: ")
        );
    }

    #[tokio::test]
    async fn a_body_has_up_to_256_kib() {
        let town = Town::new();
        let body = json!({"uid": "u1", "userName": "Sky", "playlist": playlist("p1")}).to_string();
        let padded = |bytes: usize| body.clone() + &" ".repeat(bytes - body.len());
        let call = |bytes| {
            Call::new("POST", PATH)
                .token(&town.service())
                .body(padded(bytes))
        };
        assert_eq!(town.call(call(256 << 10)).await.status, 201);
        assert_eq!(
            town.call(call((256 << 10) + 1)).await.problem(),
            (413, "/problems/too-large")
        );
    }
}
