//! Where the local run keeps everything: in one file, or, where they are set, on the real parts.

use roomtone_functions::SendLimit;
use roomtone_shared::search::Search;
use roomtone_shared::store::Stores;
use roomtone_shared::store::embedded;
#[cfg(feature = "fleet")]
use roomtone_shared::store::fleet::{Fleet, function};

use crate::run_error::RunError;
use crate::settings::Settings;

/// What is open.
pub(crate) enum Kept {
    /// One file.
    File(Stores),
    /// The real parts, as a node has them and as functions do.
    #[cfg(feature = "fleet")]
    Fleet {
        /// Reads and records.
        node: Box<Fleet>,
        /// Waits for what is recorded.
        functions: Box<function::Function>,
    },
}

impl Kept {
    /// Opens it.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, RunError> {
        #[cfg(feature = "fleet")]
        if let Some(fleet) = &settings.fleet {
            return Ok(Self::Fleet {
                node: Fleet::open_node(fleet).await?.into(),
                functions: function::Function::open(
                    fleet,
                    settings.outbound.clone(),
                    &function::ALL,
                )
                .await?
                .into(),
            });
        }
        Ok(Self::File(embedded::open(&settings.data)?))
    }

    /// The stores of the socket node.
    pub(crate) fn node(&self) -> Stores {
        match self {
            Self::File(stores) => stores.clone(),
            #[cfg(feature = "fleet")]
            Self::Fleet { node, .. } => node.stores.clone(),
        }
    }

    /// The stores of the functions.
    pub(crate) fn functions(&self) -> Stores {
        match self {
            Self::File(stores) => stores.clone(),
            #[cfg(feature = "fleet")]
            Self::Fleet { functions, .. } => functions.stores.clone(),
        }
    }

    /// The search server: as it is set, or, in a fleet, by the topic that it reads.
    pub(crate) fn search(&self, set: Search) -> Search {
        match self {
            Self::File(_) => set,
            #[cfg(feature = "fleet")]
            Self::Fleet { functions, .. } => set.or_topic(functions.index.clone()),
        }
    }

    /// The rate of messages over HTTP, counted with others where there are others.
    pub(crate) fn sends(&self, limit: SendLimit) -> SendLimit {
        match self {
            Self::File(_) => limit,
            #[cfg(feature = "fleet")]
            Self::Fleet { functions, .. } => limit.shared(functions.rates.clone()),
        }
    }

    /// Ends what runs behind the stores.
    pub(crate) fn close(self) {
        match self {
            Self::File(_) => {}
            #[cfg(feature = "fleet")]
            Self::Fleet { node, .. } => node.stop(),
        }
    }
}
