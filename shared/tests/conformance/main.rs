//! The store conformance suite: what every form of the stores keeps to, seen through the seams alone.
//!
//! It knows no form but by its [`forms::Place`]. A behaviour is a function of a place; `behaviours!` makes a
//! test of it for each form. To add a form: its place in `forms`, and its line in `behaviours!`.
//!
//! The forms on the real parts need the feature `fleet`, the addresses of the parts in the environment, and
//! `--include-ignored`: without it they count as ignored, never as passed.
//!
//! | file | what |
//! |---|---|
//! | `forms` | the forms, each a place where fresh stores open and open again |
//! | `given` · `facts` | values to keep, and things that can happen |
//! | `reading` · `chat` | the log, read to its ends; a room's log with what is recorded of it |
//! | `member` · `node` | a user's changes; a socket node's lease and holds |
//! | `rooms` · `memberships` · `history` · `presence` · `log` | the seams |
//! | `operations` | the operations with a rule, above every form alike |

// All of this is test code, where a broken expectation must stop the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

/// Makes a test of each behaviour for each form; `of functions` are those that only functions are asked for. A
/// new form is one more line in the first two arms.
macro_rules! behaviours {
    (of functions: $($behaviour:ident),+ $(,)?) => {
        behaviours!(@on embedded, cfg(all()): $($behaviour),+);
        #[cfg(feature = "fleet")]
        behaviours!(@on fleet, ignore = "needs the real parts: localstack/up": $($behaviour),+);
    };
    ($($behaviour:ident),+ $(,)?) => {
        behaviours!(of functions: $($behaviour),+);
        #[cfg(feature = "fleet")]
        behaviours!(@on fleet_node, ignore = "needs the real parts: localstack/up": $($behaviour),+);
    };
    (@on $form:ident, $needs:meta: $($behaviour:ident),+) => {
        mod $form {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[$needs]
                async fn $behaviour() {
                    let place = crate::forms::$form();
                    super::$behaviour(&place).await;
                    crate::forms::Place::remove(&place).await;
                }
            )+
        }
    };
}

mod chat;
mod deadline;
mod facts;
mod forms;
mod given;
mod history;
mod log;
mod member;
mod memberships;
mod node;
mod operations;
mod presence;
mod reading;
mod rooms;
