//! Talk: messages into rooms, in a closed loop or an open one, and what became of each.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::Failure;
use crate::check::{Room, Tally};
use crate::connection::Crowd;
use crate::enter::enter;
use crate::figures::{Moment, between, print};
use crate::plan::Plan;
use crate::protocol::Said;

/// How long what is under way at the end may take to come.
const LAST: Duration = Duration::from_secs(20);
/// Microseconds of the longest delay that is told apart from a longer one.
const DELAY_MAX_US: u64 = 60_000_000;
/// Microseconds of a run between two looks at what is due, in a closed loop.
const TURN: Duration = Duration::from_millis(5);

/// A run as it goes.
struct Talk<'p> {
    plan: &'p Plan,
    crowd: Crowd,
    names: Vec<String>,
    rooms: Vec<Room>,
    talkers: Vec<usize>,
    tally: Tally,
    delays_us: Histogram<u64>,
    begun: Instant,
    /// Messages that were said in one room after the other so far.
    meant: u64,
}

pub(crate) fn run(plan: &Plan) -> Result<(), Failure> {
    let entering = enter(plan)?;
    let crowd = Crowd::gather(plan, &entering)?;
    let mut talk = Talk {
        plan,
        talkers: crowd.talkers(),
        crowd,
        names: entering.rooms,
        rooms: (0..plan.rooms).map(|_| Room::new(plan.members)).collect(),
        tally: Tally::default(),
        delays_us: Histogram::new_with_max(DELAY_MAX_US, 3)?,
        begun: Instant::now(),
        meant: 0,
    };
    talk.until(talk.begun + plan.warm_up())?;
    talk.delays_us.clear();
    let from = Moment::now(plan, talk.tally)?;
    match plan.messages {
        Some(each) => talk.count(each)?,
        None => talk.until(Instant::now() + plan.measured())?,
    }
    let mut to = Moment::now(plan, talk.tally)?;
    let delays = talk.delays_us.clone();
    // What is lost is known only when nothing more comes.
    talk.finish()?;
    let outstanding: u64 = talk.rooms.iter().map(Room::outstanding).sum();
    to.settle(talk.tally, outstanding);
    print(between(plan, &from, &to, &delays));
    Ok(())
}

impl Talk<'_> {
    fn until(&mut self, end: Instant) -> Result<(), Failure> {
        while Instant::now() < end {
            let wait = match (self.plan.rate, self.plan.in_turn) {
                (Some(rate), _) => {
                    let due = self.talk_on_time(rate)?;
                    if self.plan.patient {
                        whole_ms(due)
                    } else {
                        // On time to the microsecond, at the price of a core.
                        Duration::ZERO
                    }
                }
                (None, Some(under_way)) => {
                    self.talk_in_turn(under_way)?;
                    TURN
                }
                (None, None) => {
                    self.talk_in_window(u64::MAX)?;
                    TURN
                }
            };
            self.turn(wait)?;
        }
        Ok(())
    }

    /// Says so many more in each room, in a closed loop, until all have been heard.
    fn count(&mut self, each: u64) -> Result<(), Failure> {
        let upto = self.rooms.iter().map(|room| room.sent).max().unwrap_or(0) + each;
        while self.rooms.iter().any(|room| room.complete < upto) {
            self.talk_in_window(upto)?;
            self.turn(TURN)?;
        }
        Ok(())
    }

    /// Says all that is due by now, in one room after the other; gives how long it is to the next.
    fn talk_on_time(&mut self, rate: u64) -> Result<Duration, Failure> {
        let now_ns = nanoseconds(self.begun.elapsed());
        loop {
            let due_ns = self.meant * 1_000_000_000 / rate;
            if due_ns > now_ns {
                return Ok(Duration::from_nanos(due_ns - now_ns));
            }
            self.say_next(due_ns)?;
        }
    }

    /// Says one in one room after the other, until so many are under way over all of them.
    fn talk_in_turn(&mut self, under_way: u64) -> Result<(), Failure> {
        let rooms = self.rooms.iter();
        let now: u64 = rooms.map(|room| room.sent - room.complete).sum();
        for _ in now..under_way {
            self.say_next(nanoseconds(self.begun.elapsed()))?;
        }
        Ok(())
    }

    /// Says one in the room whose turn it is.
    fn say_next(&mut self, meant_ns: u64) -> Result<(), Failure> {
        let room = usize::try_from(self.meant)? % self.rooms.len();
        self.meant += 1;
        self.say(room, 1, meant_ns)
    }

    /// Fills each room's window, with messages of numbers below `upto`.
    fn talk_in_window(&mut self, upto: u64) -> Result<(), Failure> {
        for room in 0..self.rooms.len() {
            let under_way = self.rooms[room].sent - self.rooms[room].complete;
            let free = self.plan.window.saturating_sub(under_way);
            let free = free.min(upto.saturating_sub(self.rooms[room].sent));
            if free > 0 {
                self.say(room, free, nanoseconds(self.begun.elapsed()))?;
            }
        }
        Ok(())
    }

    fn say(&mut self, room: usize, count: u64, meant_ns: u64) -> Result<(), Failure> {
        let (plan, name) = (self.plan, &self.names[room]);
        let first = self.rooms[room].sent;
        self.rooms[room].sent += count;
        self.crowd.say(self.talkers[room], |out| {
            for number in first..first + count {
                let said = Said { number, meant_ns };
                plan.target
                    .talk(name, said, (plan.chars, plan.frame_bytes), out);
            }
        })
    }

    fn turn(&mut self, wait: Duration) -> Result<(), Failure> {
        let (rooms, tally, delays) = (&mut self.rooms, &mut self.tally, &mut self.delays_us);
        let begun = self.begun;
        let timed = self.plan.rate.is_some();
        self.crowd.turn(wait, |place, frame| {
            if !place.listens {
                tally.refused +=
                    u64::from(memchr::memmem::find(frame.payload, b"REFUSED").is_some());
                return;
            }
            let room = place.room;
            if let Some(said) = rooms[room].hear(place, &frame, tally)
                && timed
            {
                let delay = nanoseconds(begun.elapsed()).saturating_sub(said.meant_ns);
                delays.saturating_record(delay / 1_000);
            }
        })
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let begun = Instant::now();
        while self.rooms.iter().any(|room| room.outstanding() > 0) && begun.elapsed() < LAST {
            self.turn(TURN)?;
        }
        Ok(())
    }
}

/// The wait that the system can keep to without being late: it counts by milliseconds, and rounds up.
fn whole_ms(wait: Duration) -> Duration {
    Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
