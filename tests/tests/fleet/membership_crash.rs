//! A process that dies between the steps of a membership's change: the room is told once all the same.

use std::time::Duration;

use roomtone_tests::deadline::until_after;
use roomtone_tests::process::Process;
use roomtone_tests::room::{act, create_request, new_room, text, texts};
use roomtone_tests::server::{Server, Starting};
use roomtone_tests::user::User;
use serde_json::Value;

/// The steps of a change, after which a debug build can be told to end.
const STEPS: [&str; 4] = ["committed", "appended", "settled", "joined"];
/// An event that nobody asks for again is brought in when it is this old.
const SWEEP: Duration = Duration::from_secs(60);
const ARMED: &str = "ROOMTONE_CRASH_AFTER";

/// What is done by the process that dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Join,
    Exit,
    /// The join of a fifth room, which ends the first.
    Fifth,
    Create,
    ExitOverHttp,
}

/// A change that was cut off, and what has to come of it.
struct Case {
    name: String,
    what: What,
    user: User,
    /// The room that is joined, or exited.
    room: String,
    /// The room that is left for a fifth.
    first: Option<String>,
    /// Somebody who may read the rooms' histories.
    witness: User,
    /// The playlist server.
    service: User,
}

impl Case {
    async fn cut_off(server: &mut Server, what: What, step: &str) -> Self {
        let (user, witness) = (server.new_user().await, server.new_user().await);
        let mut case = Self {
            name: format!("{what:?} after {step}"),
            room: new_room(server).await,
            what,
            user,
            first: None,
            witness,
            service: server.service().await,
        };
        let others = case.prepare(server).await;
        let mut armed = case.arm(server, step).await;
        case.act(&armed).await;
        let status = armed.ended().await;
        assert!(!status.success(), "{}: it did not die", case.name);
        drop(others);
        case
    }

    /// Brings everybody to where they are before the change.
    async fn prepare(&mut self, server: &Server) -> Vec<roomtone_tests::client::Client> {
        let client = self.user.connect_at(server.address()).await;
        let watching = self.witness.connect_at(server.address()).await;
        watching.join(&self.room).await;
        match self.what {
            What::Exit | What::ExitOverHttp => drop(client.join(&self.room).await),
            What::Fifth => {
                for n in 0..4 {
                    let room = new_room(server).await;
                    client.join(&room).await;
                    if n == 0 {
                        watching.join(&room).await;
                        self.first = Some(room);
                    }
                }
            }
            What::Join | What::Create => {}
        }
        vec![client, watching]
    }

    async fn arm(&self, server: &mut Server, step: &str) -> Process {
        match self.what {
            What::Create | What::ExitOverHttp => server.beside(&[(ARMED, step)]).await,
            _ => {
                let place = server.add_node(&[(ARMED, step)]).await;
                server.take_node(place)
            }
        }
    }

    /// Asks the armed process, which gives no answer.
    async fn act(&mut self, armed: &Process) {
        let at = armed.address;
        match self.what {
            What::Join | What::Fifth | What::Exit => {
                let verb = if self.what == What::Exit {
                    "exit"
                } else {
                    "join"
                };
                let client = self.user.connect_at(at).await;
                client.post(act(verb, &self.room)).await;
                client.ended().await;
            }
            What::ExitOverHttp => {
                let path = format!("/v1/api/rooms/exit/{}", self.room);
                let _ = self.user.request("POST", &path).try_send(at).await;
            }
            What::Create => {
                let request = create_request(&self.user, &self.playlist());
                let create = self
                    .service
                    .request("POST", "/v1/api/rooms/create")
                    .json(&request);
                let _ = create.try_send(at).await;
            }
        }
    }

    fn playlist(&self) -> String {
        format!("crashed-{}", self.user.uid)
    }

    /// The user asks again, by another node.
    async fn ask_again(&mut self, server: &Server) {
        match self.what {
            What::Join | What::Fifth => {
                self.user
                    .connect_at(server.address())
                    .await
                    .join(&self.room)
                    .await;
            }
            What::Exit => {
                let client = self.user.connect_at(server.address()).await;
                client.done(act("exit", &self.room)).await;
            }
            What::ExitOverHttp => {
                let path = format!("/v1/api/rooms/exit/{}", self.room);
                let answer = self
                    .user
                    .request("POST", &path)
                    .send(server.address())
                    .await;
                assert_eq!(answer.status, 204, "{}", self.name);
            }
            What::Create => {
                let request = create_request(&self.user, &self.playlist());
                let again = self
                    .service
                    .ask("POST", "/v1/api/rooms/create", &request)
                    .await;
                self.room = text(&again.expect(200)["id"]);
            }
        }
    }

    /// What a room was told of the user.
    async fn told(&self, room: &str) -> Vec<String> {
        let history = self.witness.history(room).await;
        let own: Vec<Value> = history
            .into_iter()
            .filter(|m| m["senderId"] == self.user.uid)
            .collect();
        texts(&own, "messageType")
    }

    /// Whether all has come to what it must be; what there is, where it has not.
    async fn whole(&self) -> Result<(), String> {
        let (enter, both) = (
            vec!["ENTER".to_owned()],
            ["ENTER", "EXIT"].map(str::to_owned),
        );
        let joined = texts(&self.user.joined().await, "id");
        let room = std::slice::from_ref(&self.room);
        match self.what {
            What::Create => {
                let path = format!("/v1/api/rooms/playlists/{}", self.playlist());
                let found = self.user.get(&path).await;
                let locked = found.status == 200 && found.json()["locked"] == true;
                same((locked, joined.len()), (true, 1))
            }
            What::Join => same((self.told(&self.room).await, &*joined), (enter, room)),
            What::Exit | What::ExitOverHttp => {
                same((self.told(&self.room).await, &*joined), (both.into(), &[]))
            }
            What::Fifth => {
                let first = self.first.as_deref().expect("a first room");
                let told = (self.told(&self.room).await, self.told(first).await);
                let rooms = (joined.len(), joined.first());
                same((told, rooms), ((enter, both.into()), (4, room.first())))
            }
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(there: T, wanted: T) -> Result<(), String> {
    match there == wanted {
        true => Ok(()),
        false => Err(format!("{there:?}, not {wanted:?}")),
    }
}

/// All that may be done, at all steps.
async fn cut_off_all(server: &mut Server) -> Vec<Case> {
    let mut cases = vec![];
    for what in [
        What::Join,
        What::Exit,
        What::Fifth,
        What::Create,
        What::ExitOverHttp,
    ] {
        for step in STEPS {
            cases.push(Case::cut_off(server, what, step).await);
        }
    }
    cases
}

async fn become_whole(cases: &[Case], after: Duration) {
    for case in cases {
        until_after(after, &case.name, || case.whole()).await;
    }
    // Nothing is told a second time by whoever comes to it later.
    for case in cases {
        assert_eq!(case.whole().await, Ok(()), "{}", case.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn who_asks_again_by_another_node_brings_it_in_once() {
    let mut server = Starting::unhurried().start().await;
    let mut cases = cut_off_all(&mut server).await;
    for case in &mut cases {
        case.ask_again(&server).await;
    }
    become_whole(&cases, Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the real parts: localstack/up"]
async fn what_nobody_asks_for_again_the_sweep_brings_in_once() {
    let mut server = Starting::unhurried()
        .with("ROOMTONE_SWEEP_S", 1)
        .start()
        .await;
    let cases = cut_off_all(&mut server).await;
    become_whole(&cases, SWEEP).await;
}
