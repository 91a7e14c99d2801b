//! Judges what clients wrote down, by their notes and the log alone. It shares no code with the server, and none with the
//! clients but the form of a note.
//!
//! | word | when |
//! |---|---|
//! | lost | acknowledged to anybody, or heard by anybody, while a listener was subscribed, and not heard by that listener |
//! | repeated | heard twice by one client: by its id, or by its sender's own id under another one |
//! | reordered | heard after a message with a greater id |
//! | false receipt | acknowledged, and not in the log with this id |

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::notes::{Line, Note};

/// What the notes say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// Messages sent, each counted once.
    pub(crate) sent: usize,
    /// Messages acknowledged.
    pub(crate) acknowledged: usize,
    /// Messages heard, counted for each client.
    pub(crate) heard: usize,
    /// How often a message was said again.
    pub(crate) said_again: usize,
    /// How often one was refused.
    pub(crate) refused: usize,
    /// How often a connection ended before its client did.
    pub(crate) cut_off: usize,
    /// How often a client was told of a hole.
    pub(crate) gaps: usize,
    pub(crate) lost: usize,
    pub(crate) repeated: usize,
    pub(crate) reordered: usize,
    pub(crate) false_receipts: usize,
    /// The longest time in which nobody's message was acknowledged in a room, in milliseconds.
    pub(crate) silence_ms: u64,
    /// The first few of what is wrong, in words.
    pub(crate) wrong: Vec<String>,
}

/// Faults that are told in words.
const WRONG_SHOWN: usize = 10;

impl Verdict {
    /// Whether nothing is wrong.
    pub(crate) fn holds(&self) -> bool {
        self.lost + self.repeated + self.reordered + self.false_receipts == 0
    }

    fn wrong(&mut self, what: impl FnOnce() -> String) {
        if self.wrong.len() < WRONG_SHOWN {
            self.wrong.push(what());
        }
    }
}

/// What one client heard of one room.
#[derive(Default)]
struct Heard {
    /// After which id it began to listen; the first it heard where it gave none.
    from: Option<String>,
    ids: BTreeSet<String>,
    owns: HashMap<String, String>,
    newest: Option<String>,
    holes: Vec<(String, String)>,
}

/// A room's messages by id, with what is known of them by their sender's own id.
type Rooms = BTreeMap<String, BTreeMap<String, Option<String>>>;

/// Judges the notes in this folder; the log says which room has a message with which id.
///
/// # Panics
/// Where the notes can't be read.
pub(crate) fn judge(folder: &Path, is_in_log: impl Fn(&str, &str) -> bool) -> Verdict {
    let mut verdict = Verdict::default();
    let (mut known, mut acknowledgements) = (Rooms::new(), BTreeMap::<String, Vec<u64>>::new());
    let mut clients = vec![];
    for entry in std::fs::read_dir(folder).expect("a folder of notes") {
        let path = entry.expect("a file").path();
        let who = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let heard = follow(
            &who,
            &read(&path),
            &mut verdict,
            &mut known,
            &mut acknowledgements,
        );
        clients.push((who, heard));
    }
    for (room, messages) in &known {
        for id in messages.keys().filter(|id| !is_in_log(room, id)) {
            verdict.false_receipts += 1;
            verdict.wrong(|| format!("{room}: {id} was told of, and is not in the log"));
        }
    }
    for (who, rooms) in &clients {
        for (room, heard) in rooms {
            missing(who, room, heard, &known, &mut verdict);
        }
    }
    verdict.silence_ms = acknowledgements
        .into_values()
        .map(longest)
        .max()
        .unwrap_or(0);
    verdict
}

fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).expect("notes");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a note"))
        .collect()
}

/// Goes through one client's notes.
fn follow(
    who: &str,
    lines: &[Line],
    verdict: &mut Verdict,
    known: &mut Rooms,
    acknowledgements: &mut BTreeMap<String, Vec<u64>>,
) -> BTreeMap<String, Heard> {
    let mut rooms = BTreeMap::<String, Heard>::new();
    let mut sent = HashSet::new();
    for Line { at_ms, note } in lines {
        match note {
            Note::Subscribed { room, since } => {
                let heard = rooms.entry(room.clone()).or_default();
                if heard.from.is_none() {
                    heard.from.clone_from(since);
                }
            }
            Note::Sent { own, .. } => match sent.insert(own) {
                true => verdict.sent += 1,
                false => verdict.said_again += 1,
            },
            Note::Acknowledged { room, own, id } => {
                verdict.acknowledged += 1;
                acknowledgements
                    .entry(room.clone())
                    .or_default()
                    .push(*at_ms);
                note_message(known, room, id, Some(own), verdict);
            }
            Note::Refused { .. } => verdict.refused += 1,
            Note::Heard { room, id, own } => {
                verdict.heard += 1;
                note_message(known, room, id, own.as_ref(), verdict);
                hear(
                    who,
                    room,
                    rooms.entry(room.clone()).or_default(),
                    id,
                    own.as_ref(),
                    verdict,
                );
            }
            Note::Gap {
                room,
                after,
                before,
            } => {
                verdict.gaps += 1;
                let heard = rooms.entry(room.clone()).or_default();
                heard.holes.push((after.clone(), before.clone()));
            }
            Note::CutOff => verdict.cut_off += 1,
        }
    }
    rooms
}

/// The same id is the same message, whoever was told of it.
fn note_message(
    known: &mut Rooms,
    room: &str,
    id: &str,
    own: Option<&String>,
    verdict: &mut Verdict,
) {
    let message = known
        .entry(room.into())
        .or_default()
        .entry(id.into())
        .or_default();
    match (&message, own) {
        (Some(before), Some(now)) if before != now => {
            verdict.reordered += 1;
            verdict
                .wrong(|| format!("{room}: {id} is {now} for some and something else for others"));
        }
        (None, Some(now)) => *message = Some(now.clone()),
        _ => {}
    }
}

fn hear(
    who: &str,
    room: &str,
    heard: &mut Heard,
    id: &str,
    own: Option<&String>,
    verdict: &mut Verdict,
) {
    if heard.newest.as_deref().is_some_and(|newest| id < newest) && !heard.ids.contains(id) {
        verdict.reordered += 1;
        verdict.wrong(|| format!("{who}, {room}: {id} after {:?}", heard.newest));
    }
    let again = !heard.ids.insert(id.into());
    let other = own.is_some_and(|own| {
        let before = heard.owns.insert(own.clone(), id.into());
        before.is_some_and(|before| before != id)
    });
    if again || other {
        verdict.repeated += 1;
        verdict.wrong(|| format!("{who}, {room}: {id} twice, its sender's {own:?}"));
    }
    if heard.newest.as_deref().is_none_or(|newest| newest < id) {
        heard.newest = Some(id.into());
    }
}

/// What was in the room between the first and the last that a client heard, and it did not hear.
fn missing(who: &str, room: &str, heard: &Heard, known: &Rooms, verdict: &mut Verdict) {
    let (Some(messages), Some(newest)) = (known.get(room), &heard.newest) else {
        return;
    };
    let from = heard.from.as_ref().or(heard.ids.first());
    for id in messages
        .keys()
        .filter(|id| from.is_none_or(|from| *id > from) && *id <= newest)
    {
        let told = heard
            .holes
            .iter()
            .any(|(after, before)| after < id && id < before);
        if !heard.ids.contains(id) && !told {
            verdict.lost += 1;
            verdict.wrong(|| format!("{who}, {room}: {id} never came"));
        }
    }
}

fn longest(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times
        .windows(2)
        .map(|two| two[1] - two[0])
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use roomtone_tests::folder::Folder;

    use super::*;
    use crate::notes::Notes;

    const LOG: [&str; 4] = ["1", "2", "3", "4"];

    fn heard(id: &str) -> Note {
        let own = format!("own-{id}");
        Note::Heard {
            room: "r".into(),
            id: id.into(),
            own: Some(own),
        }
    }

    fn subscribed(since: Option<&str>) -> Note {
        let since = since.map(str::to_owned);
        Note::Subscribed {
            room: "r".into(),
            since,
        }
    }

    fn acknowledged(own: &str, id: &str) -> Note {
        Note::Acknowledged {
            room: "r".into(),
            own: own.into(),
            id: id.into(),
        }
    }

    /// One listener who heard all there is, and one with these notes.
    fn judged(notes: Vec<Note>) -> Verdict {
        let folder = Folder::new();
        for (who, lines) in [("all", LOG.map(heard).to_vec()), ("one", notes)] {
            let mut notes = Notes::begin(folder.path(), who, Instant::now());
            lines.into_iter().for_each(|note| notes.write(note));
            notes.end();
        }
        judge(folder.path(), |room, id| room == "r" && LOG.contains(&id))
    }

    #[test]
    fn who_heard_all_since_they_came_lacks_nothing() {
        for notes in [
            vec![],
            LOG.map(heard).to_vec(),
            vec![subscribed(None), heard("3"), heard("4")],
            vec![
                heard("1"),
                heard("2"),
                Note::CutOff,
                subscribed(Some("2")),
                heard("3"),
            ],
            vec![acknowledged("own-4", "4")],
        ] {
            let verdict = judged(notes);
            assert!(verdict.holds(), "{verdict:?}");
        }
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        let gap = Note::Gap {
            room: "r".into(),
            after: "1".into(),
            before: "3".into(),
        };
        for (notes, faults) in [
            (vec![heard("1"), heard("3")], [1, 0, 0, 0]),
            (vec![subscribed(Some("1")), heard("3")], [1, 0, 0, 0]),
            (vec![heard("1"), gap.clone(), heard("4")], [1, 0, 0, 0]),
            (vec![heard("1"), gap, heard("3")], [0, 0, 0, 0]),
            (vec![heard("1"), heard("1")], [0, 1, 0, 0]),
            (vec![heard("2"), heard("1")], [0, 0, 1, 0]),
            (vec![acknowledged("own-1", "2")], [0, 0, 1, 0]),
            (vec![acknowledged("mine", "9")], [0, 0, 0, 1]),
        ] {
            let verdict = judged(notes.clone());
            let found = [
                verdict.lost,
                verdict.repeated,
                verdict.reordered,
                verdict.false_receipts,
            ];
            assert_eq!(found, faults, "{notes:?}: {verdict:?}");
        }
    }

    #[test]
    fn one_message_under_two_ids_is_shown_twice() {
        let mut twice = heard("2");
        if let Note::Heard { own, .. } = &mut twice {
            *own = Some("own-1".into());
        }
        let verdict = judged(vec![heard("1"), twice]);
        // Others know the second id as another message.
        assert_eq!((verdict.repeated, verdict.reordered), (1, 1), "{verdict:?}");
    }
}
