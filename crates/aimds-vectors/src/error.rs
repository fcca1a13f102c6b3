//! What can go wrong in this crate.

/// A model or index file, or a vector, that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// The bytes are not a file of the expected format and version, or its numbers contradict each other.
    #[error("{place}: {reason}")]
    Corrupt {
        /// Which part of the file.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A vector, key or setting handed in by the caller does not fit.
    #[error("{reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// The operating system could not read or write a file.
    #[error("{place}: {reason}")]
    Storage {
        /// The file.
        place: String,
        /// What the system said.
        reason: String,
    },
}

impl VectorError {
    pub(crate) fn corrupt(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            place: place.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid {
            reason: reason.into(),
        }
    }
}
