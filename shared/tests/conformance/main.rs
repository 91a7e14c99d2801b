//! The store conformance suite: what every form of the stores keeps to, seen through the seams alone.
//!
//! It knows no form but by its [`forms::Place`]. A behaviour is a function of a place; `behaviours!` makes a
//! test of it for each form. To add a form: its place in `forms`, and its line in `behaviours!`.
//!
//! | file | what |
//! |---|---|
//! | `forms` | the forms, each a place where fresh stores open and open again |
//! | `given` · `facts` | values to keep, and things that can happen |
//! | `chat` · `member` | a room's log with what is recorded of it; a user's changes |
//! | `rooms` · `memberships` · `history` · `presence` · `log` | the seams |
//! | `operations` | the operations with a rule, above every form alike |

// All of this is test code, where a broken expectation must stop the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

/// Makes a test of each behaviour for each form. A new form is one more line in the first arm.
macro_rules! behaviours {
    ($($behaviour:ident),+ $(,)?) => {
        behaviours!(@on embedded: $($behaviour),+);
    };
    (@on $form:ident: $($behaviour:ident),+) => {
        mod $form {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::$behaviour(crate::forms::$form()).await;
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
mod operations;
mod presence;
mod rooms;
