//! Traces, by OpenTelemetry: one leads from a request or a SEND through the log to who hears it and to history.
//!
//! Without an address to send them to, and for whatever is not sampled, a span is nothing at all, and costs a look. A sampled
//! context that comes in is passed on all the same, so that traces lead through.

use std::borrow::Cow;

use crate::domain::trace::TraceContext;

#[cfg(feature = "fleet")]
mod export;

#[cfg(feature = "fleet")]
pub use export::{Exporting, TraceSettings, init};

/// What a piece of work is to others, as OpenTelemetry has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers somebody.
    Server,
    /// It was left by somebody who does not wait for it.
    Consumer,
}

/// A piece of work, until it is dropped.
#[derive(Debug)]
pub struct Span {
    /// None where nobody looks, or there is nowhere to send it.
    #[cfg(feature = "fleet")]
    noted: Option<Box<export::Noted>>,
    context: Option<TraceContext>,
}

impl Span {
    /// Begins one below `parent`; without one, it begins a trace of which one in so many is looked at.
    #[must_use]
    pub fn begin(
        name: impl Into<Cow<'static, str>>,
        kind: Kind,
        parent: Option<TraceContext>,
    ) -> Self {
        #[cfg(feature = "fleet")]
        if let Some(traces) = export::traces() {
            let noted = traces.begin(name, kind, parent);
            return Self {
                context: noted.as_ref().map(export::Noted::context),
                noted: noted.map(Box::new),
            };
        }
        #[cfg(not(feature = "fleet"))]
        let _ = (name, kind);
        Self {
            #[cfg(feature = "fleet")]
            noted: None,
            context: parent.filter(|parent| parent.sampled),
        }
    }

    /// What to pass on to whoever comes next; none where nobody looks.
    #[must_use]
    pub fn context(&self) -> Option<TraceContext> {
        self.context
    }

    /// Names it otherwise, once it is known that somebody looks.
    pub fn rename(&mut self, name: String) {
        #[cfg(feature = "fleet")]
        if let Some(noted) = &mut self.noted {
            noted.rename(name);
        }
        #[cfg(not(feature = "fleet"))]
        let _ = name;
    }

    /// Notes something about it, by a name of OpenTelemetry's conventions.
    pub fn note(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        #[cfg(feature = "fleet")]
        if let Some(noted) = &mut self.noted {
            noted.note(name, value.into());
        }
        #[cfg(not(feature = "fleet"))]
        let _ = (name, value);
    }

    /// Notes that it failed, by a kind of error in a word.
    pub fn fail(&mut self, kind: &'static str) {
        #[cfg(feature = "fleet")]
        if let Some(noted) = &mut self.noted {
            noted.fail(kind);
        }
        #[cfg(not(feature = "fleet"))]
        let _ = kind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_traces_go_nowhere_they_lead_through_all_the_same() {
        let parent = |sampled| TraceContext {
            trace: 1,
            span: 2,
            sampled,
        };
        let passed = |parent| Span::begin("SEND", Kind::Server, parent).context();
        assert_eq!(passed(Some(parent(true))), Some(parent(true)));
        assert_eq!(passed(Some(parent(false))), None);
        assert_eq!(passed(None), None);
    }
}
